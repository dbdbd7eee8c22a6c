import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import { cleanUp, Recorder } from './recorder';

interface DebuggerContribution {
  configurationAttributes: { launch: { properties: Record<string, Record<string, unknown>> } };
  configurationSnippets: { body: Record<string, unknown> }[];
}

export function registerConfigurationSuite(): void {
  describe('launch configuration', () => {
    let recorder: Recorder;
    before(() => (recorder = new Recorder()));
    afterEach(() => cleanUp(recorder));
    after(() => recorder.dispose());

    /** The manifest as it is written, with its texts; VS Code adds attributes of its own to the one that it holds. */
    const contribution = (): DebuggerContribution => {
      const extension = vscode.extensions.getExtension('sockscope.sockscope');
      assert.ok(extension, 'the extension is not installed');
      const read = (name: string): unknown =>
        JSON.parse(fs.readFileSync(path.join(extension.extensionPath, name), 'utf8'));
      const texts = read('package.nls.json') as Record<string, string>;
      const manifest = JSON.parse(JSON.stringify(read('package.json')), (_key, value: unknown) =>
        typeof value === 'string' ? value.replace(/^%(.*)%$/, (_all, key: string) => texts[key]) : value,
      ) as { contributes: { debuggers: DebuggerContribution[] } };
      return manifest.contributes.debuggers[0];
    };

    /** Starts a session that cannot start; gives the adapter's reason. */
    async function refusal(attributes: Record<string, unknown>): Promise<string> {
      const before = recorder.responses.length;
      // VS Code shows the reason in a dialog; under test it refuses to, and says what it would have shown.
      const configuration = { type: 'sockscope', request: 'launch', name: 'refused', ...attributes };
      let shown = '';
      await Promise.resolve(vscode.debug.startDebugging(undefined, configuration)).catch(
        (reason: Error) => (shown = reason.message),
      );
      const response = recorder.responses.slice(before).find(({ command }) => command === 'launch');
      assert.equal(response?.success, false);
      const { error } = response.body as { error: DebugProtocol.Message };
      const text = error.format.replace(/\{(\w+)\}/g, (place, name: string) => error.variables?.[name] ?? place);
      assert.ok(shown.endsWith(`Contents: ${text}`), `the user sees: ${shown}`);
      return text;
    }

    it('refuses an unknown attribute and names those that it knows, which are those that the manifest describes', async () => {
      const message = await refusal({ kernal: '/boot/vmlinux' });
      const [, known] = /^Unknown launch attribute "kernal"; known are (.*)\.$/.exec(message) ?? [];
      assert.ok(known, message);
      const { properties } = contribution().configurationAttributes.launch;
      // noDebug is VS Code's own word for "Run Without Debugging".
      assert.deepEqual(
        known
          .split(', ')
          .filter((name) => name !== 'noDebug')
          .sort(),
        Object.keys(properties).sort(),
      );
      for (const [name, property] of Object.entries(properties)) {
        const text = property.description ?? property.markdownDescription;
        assert.ok(typeof text === 'string' && text.length > 10, `${name} has no description`);
      }
    });

    it('refuses a kernel that is not there', async () => {
      assert.equal(
        await refusal({ kernel: '/no/such/vmlinux' }),
        'The file /no/such/vmlinux (launch attribute "kernel") does not exist.',
      );
    });

    it('refuses an attribute of the wrong kind', async () => {
      assert.match(
        await refusal({ memory: 'much' }),
        /^The launch attribute "memory" must be a whole number .* not "much"\.$/,
      );
    });

    it('offers snippets that use known attributes only', () => {
      const { properties } = contribution().configurationAttributes.launch;
      const snippets = contribution().configurationSnippets;
      assert.ok(snippets.length >= 3);
      for (const { body } of snippets) {
        const unknown = Object.keys(body).filter(
          (key) => !['type', 'request', 'name'].includes(key) && !(key in properties),
        );
        assert.deepEqual(unknown, []);
      }
    });

    describe('launch.json', () => {
      let uri: vscode.Uri;
      before(() => {
        const [folder] = vscode.workspace.workspaceFolders ?? [];
        assert.ok(folder, 'a folder is open');
        uri = vscode.Uri.joinPath(folder.uri, '.vscode/launch.json');
      });
      // Later suites want a folder without launch.json.
      after(() => vscode.workspace.fs.delete(vscode.Uri.joinPath(uri, '..'), { recursive: true }));

      /** Shows a launch.json with one configuration. */
      async function show(attributes: string): Promise<vscode.TextDocument> {
        const text = `{"version":"0.2.0","configurations":[{"type":"sockscope","request":"launch","name":"n"${attributes}}]}`;
        await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
        const document = await vscode.workspace.openTextDocument(uri);
        await vscode.window.showTextDocument(document);
        return document;
      }

      it('has its attributes completed and described', async () => {
        const document = await show(', ""');
        const position = document.positionAt(document.getText().lastIndexOf('""') + 1);
        const offered = await recorder.until('our completions', async () => {
          const list = await vscode.commands.executeCommand<vscode.CompletionList>(
            'vscode.executeCompletionItemProvider',
            uri,
            position,
          );
          const items = new Map(
            list.items.map((item) => [typeof item.label === 'string' ? item.label : item.label.label, item]),
          );
          return items.has('sourceMap') ? items : undefined;
        });
        for (const name of Object.keys(contribution().configurationAttributes.launch.properties)) {
          assert.ok(offered.get(name)?.documentation, `${name} is not described`);
        }
      });

      it('has mistakes marked', async () => {
        await show(', "memory": 8, "kernal": "x", "cpu": {"sysentre": true}');
        const marked = await recorder.until('three marks', () => {
          const found = vscode.languages.getDiagnostics(uri).map(({ message }) => message);
          return found.length >= 3 ? found : undefined;
        });
        assert.deepEqual(marked.sort(), [
          'Property kernal is not allowed.',
          'Property sysentre is not allowed.',
          'Value is below the minimum of 16.',
        ]);
      });
    });
  });
}
