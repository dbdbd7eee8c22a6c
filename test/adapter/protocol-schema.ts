import { readFileSync } from 'node:fs';
import Ajv, { type ValidateFunction } from 'ajv';
import ts from 'typescript';
import { LINUX_REQUESTS } from './linux-schemas';

/** A JSON schema, as far as one is built here. */
type Schema = Record<string, unknown>;

const PACKET = object(
  {
    number: { type: 'integer' },
    instructionCount: { type: 'integer' },
    timeNs: { type: 'integer' },
    pid: { type: 'integer' },
    comm: { type: 'string' },
    length: { type: 'integer' },
    data: { type: 'string' },
  },
  ['number', 'instructionCount', 'timeNs', 'pid', 'comm', 'length', 'data'],
);

const TRACE_SCOPE = { enum: ['sockets', 'all', 'off'] };

const TRACED_CALL = object(
  {
    line: { type: 'string' },
    pid: { type: 'integer' },
    comm: { type: 'string' },
    call: { type: 'string' },
    entry: { type: 'string' },
    number: { type: 'integer' },
    gate: { enum: ['int $0x80', 'sysenter', 'an unknown gate'] },
    case: { type: 'string' },
    arguments: {
      type: 'array',
      items: object({ name: { type: 'string' }, text: { type: 'string' } }, ['name', 'text']),
    },
    result: { type: 'integer' },
    error: { type: 'string' },
    enteredAt: { type: 'integer' },
    returnedAt: { type: 'integer' },
    enteredSeconds: { type: 'number' },
    returnedSeconds: { type: 'number' },
    text: { type: 'string' },
    path: { type: 'array', items: { type: 'string' } },
  },
  [
    'line',
    'path',
    'pid',
    'comm',
    'call',
    'entry',
    'number',
    'gate',
    'arguments',
    'enteredAt',
    'enteredSeconds',
    'text',
  ],
);

/** Requests of our own, which the published protocol leaves to adapters. */
export const OWN_REQUESTS: Record<string, { arguments: Schema; body: Schema }> = {
  'sockscope/consoleInput': {
    arguments: object({ text: { type: 'string' } }, ['text']),
    body: { not: {} },
  },
  'sockscope/socketCall': {
    arguments: object({ frameId: { type: 'number' } }, []),
    body: object(
      {
        socketCall: {
          anyOf: [
            { type: 'null' },
            object(
              {
                call: { type: 'string' },
                case: { type: 'string' },
                arguments: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
              },
              ['call', 'arguments'],
            ),
          ],
        },
      },
      ['socketCall'],
    ),
  },
  'sockscope/traceScope': {
    arguments: object({ scope: TRACE_SCOPE, events: { type: 'boolean' } }, []),
    body: object({ scope: TRACE_SCOPE, events: { type: 'boolean' } }, ['scope', 'events']),
  },
  'sockscope/packets': {
    arguments: object({ start: { type: 'integer' } }, []),
    body: object({ packets: { type: 'array', items: PACKET }, dropped: { type: 'integer' } }, ['packets', 'dropped']),
  },
  'sockscope/exportPackets': {
    arguments: object({ path: { type: 'string' } }, []),
    body: object({ path: { type: 'string' }, packets: { type: 'integer' } }, ['path', 'packets']),
  },
  ...LINUX_REQUESTS,
};

/** Bodies of events of our own. */
export const OWN_EVENTS: Record<string, Schema> = {
  'sockscope/console': object({ text: { type: 'string' } }, ['text']),
  'sockscope/log': object({ line: { type: 'string' } }, ['line']),
  'sockscope/trace': object({ calls: { type: 'array', minItems: 1, items: TRACED_CALL } }, ['calls']),
};

/** Interfaces whose further properties the protocol leaves open. */
const OPEN = new Set(['LaunchRequestArguments', 'AttachRequestArguments']);

function object(properties: Schema, required: readonly string[], open = false): Schema {
  return { type: 'object', properties, required, additionalProperties: open };
}

/**
 * The published protocol as JSON schemas, made from the interfaces of `debugProtocol.d.ts`, which is itself generated from the
 * published schema. Stricter than that: a property that an interface does not name is an error.
 */
export class ProtocolSchema {
  private readonly interfaces = new Map<string, ts.InterfaceDeclaration>();
  private readonly aliases = new Map<string, ts.TypeAliasDeclaration>();
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
  /** Messages that were checked. */
  checked = 0;

  constructor() {
    const file = require.resolve('@vscode/debugprotocol/lib/debugProtocol.d.ts');
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isInterfaceDeclaration(node)) this.interfaces.set(node.name.text, node);
      else if (ts.isTypeAliasDeclaration(node)) this.aliases.set(node.name.text, node);
      else ts.forEachChild(node, visit);
    };
    visit(source);
    const definitions: Schema = {};
    for (const name of this.interfaces.keys()) definitions[name] = this.interfaceSchema(name);
    for (const [name, alias] of this.aliases) definitions[name] = this.typeSchema(alias.type);
    this.ajv.addSchema({ $id: 'dap', definitions });
  }

  /**
   * What is wrong with a message, as a text; undefined if nothing is.
   * @param commandOf command of the request that a response answers
   */
  problemOf(message: unknown, commandOf: (requestSeq: number) => string | undefined): string | undefined {
    this.checked++;
    const { type, command, event, success, request_seq } = message as Record<string, never>;
    let validate: ValidateFunction | undefined;
    if (type === 'request') validate = this.validatorFor(String(command), 'Request');
    else if (type === 'event') validate = this.eventValidator(String(event));
    else if (type === 'response') {
      const asked = commandOf(Number(request_seq));
      if (asked === undefined) return `a response to no request: ${JSON.stringify(message)}`;
      if (asked !== command) return `a response to "${asked}" that says it answers "${String(command)}"`;
      validate = success ? this.validatorFor(asked, 'Response') : this.validator('ErrorResponse');
    } else return `neither request, response nor event: ${JSON.stringify(message)}`;
    if (!validate) return `the protocol has no such ${String(type)}: ${JSON.stringify(message)}`;
    if (validate(message)) return undefined;
    const errors = (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
    return `${errors.join('; ')} in ${JSON.stringify(message).slice(0, 2000)}`;
  }

  private validatorFor(command: string, suffix: 'Request' | 'Response'): ValidateFunction | undefined {
    const own = OWN_REQUESTS[command];
    if (!own) return this.validator(capital(command) + suffix);
    const key = command + suffix;
    let validate = this.validators.get(key);
    if (!validate) {
      const base = this.interfaceSchema(suffix) as { properties: Schema };
      const replaced = suffix === 'Request' ? { arguments: own.arguments } : { body: own.body };
      validate = this.ajv.compile({ ...base, properties: { ...base.properties, ...replaced } });
      this.validators.set(key, validate);
    }
    return validate;
  }

  private eventValidator(event: string): ValidateFunction | undefined {
    const own = OWN_EVENTS[event];
    if (!own) return this.validator(`${capital(event)}Event`);
    let validate = this.validators.get(event);
    if (!validate) {
      const base = this.interfaceSchema('Event') as { properties: Schema };
      validate = this.ajv.compile({ ...base, properties: { ...base.properties, body: own } });
      this.validators.set(event, validate);
    }
    return validate;
  }

  private validator(name: string): ValidateFunction | undefined {
    if (!this.interfaces.has(name)) return undefined;
    let validate = this.validators.get(name);
    if (!validate) {
      validate = this.ajv.compile({ $ref: `dap#/definitions/${name}` });
      this.validators.set(name, validate);
    }
    return validate;
  }

  private interfaceSchema(name: string): Schema {
    const properties: Schema = {};
    const required = new Set<string>();
    let open = OPEN.has(name);
    const collect = (of: string): void => {
      const declaration = this.interfaces.get(of);
      if (!declaration) throw new Error(`debugProtocol.d.ts has no interface ${of}.`);
      for (const clause of declaration.heritageClauses ?? [])
        for (const base of clause.types) collect(base.expression.getText());
      const own = this.membersSchema(declaration.members);
      open ||= own.open;
      Object.assign(properties, own.properties);
      own.required.forEach((property) => required.add(property));
    };
    collect(name);
    return object(properties, [...required], open);
  }

  private membersSchema(members: ts.NodeArray<ts.TypeElement>): {
    properties: Schema;
    required: string[];
    open: boolean;
  } {
    const properties: Schema = {};
    const required: string[] = [];
    let open = false;
    for (const member of members) {
      if (ts.isPropertySignature(member) && member.type) {
        const name = member.name.getText().replace(/^'|'$/g, '');
        properties[name] = this.typeSchema(member.type);
        if (!member.questionToken) required.push(name);
      } else if (ts.isIndexSignatureDeclaration(member)) open = true;
      else throw new Error(`debugProtocol.d.ts has a member of an unexpected kind: ${member.getText()}`);
    }
    return { properties, required, open };
  }

  private typeSchema(type: ts.TypeNode): Schema {
    switch (type.kind) {
      case ts.SyntaxKind.StringKeyword:
        return { type: 'string' };
      case ts.SyntaxKind.NumberKeyword:
        return { type: 'number' };
      case ts.SyntaxKind.BooleanKeyword:
        return { type: 'boolean' };
      case ts.SyntaxKind.AnyKeyword:
        return {};
    }
    if (ts.isParenthesizedTypeNode(type)) return this.typeSchema(type.type);
    if (ts.isArrayTypeNode(type)) return { type: 'array', items: this.typeSchema(type.elementType) };
    if (ts.isUnionTypeNode(type)) return { anyOf: type.types.map((each) => this.typeSchema(each)) };
    if (ts.isLiteralTypeNode(type)) {
      if (type.literal.kind === ts.SyntaxKind.NullKeyword) return { type: 'null' };
      if (ts.isStringLiteral(type.literal)) return { const: type.literal.text };
    }
    if (ts.isTypeReferenceNode(type)) return { $ref: `dap#/definitions/${type.typeName.getText()}` };
    if (ts.isTypeLiteralNode(type)) {
      const index = type.members.find(ts.isIndexSignatureDeclaration);
      if (index) return { type: 'object', additionalProperties: this.typeSchema(index.type) };
      const { properties, required } = this.membersSchema(type.members);
      return object(properties, required);
    }
    throw new Error(`debugProtocol.d.ts has a type of an unexpected kind: ${type.getText()}`);
  }
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
