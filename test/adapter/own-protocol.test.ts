import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from './fixture';
import { OWN_EVENTS, OWN_REQUESTS } from './protocol-schema';

/** Names of an interface's members, in its order. */
function membersOf(file: string, name: string): string[] {
  const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = source.statements.filter(ts.isInterfaceDeclaration).find((each) => each.name.text === name);
  assert.ok(found, `${file} has no interface ${name}`);
  return found.members.map((member) => (member.name as ts.StringLiteral).text);
}

/** Names in the first column of the tables below a heading. */
function documented(text: string, heading: string): string[] {
  const [, section] = text.split(`## ${heading}\n`);
  return [...section.split('\n## ')[0].matchAll(/^\| `([\w/]+)`/gm)].map(([, name]) => name);
}

describe('what SockScope adds to the protocol', () => {
  const types = path.join(ROOT, 'src/adapter/protocol.ts');
  const document = fs.readFileSync(path.join(ROOT, 'docs/protocol.md'), 'utf8');

  for (const [heading, name, schemas] of [
    ['Requests', 'OwnRequests', OWN_REQUESTS],
    ['Events', 'OwnEvents', OWN_EVENTS],
  ] as const) {
    it(`${heading.toLowerCase()}: types, documentation and the schemas that tests check messages with have the same`, () => {
      const typed = membersOf(types, name).sort();
      assert.ok(typed.length > 2);
      assert.deepEqual(documented(document, heading).sort(), typed);
      assert.deepEqual(Object.keys(schemas).sort(), typed);
    });
  }
});
