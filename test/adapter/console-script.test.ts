import assert from 'node:assert/strict';
import { ConsoleScript, type ScriptedConsole } from '../../src/adapter/console-script';

/** A console whose guest says what a test says. */
class FakeConsole implements ScriptedConsole {
  typed: string[] = [];
  onSlice: ((idle: boolean) => void) | undefined;
  private listener: (bytes: Uint8Array) => void = () => {};

  onConsoleOutput(listener: (bytes: Uint8Array) => void): void {
    this.listener = listener;
  }

  consoleInput(bytes: Uint8Array): void {
    this.typed.push(new TextDecoder().decode(bytes));
  }

  /** The guest prints a text and then idles. */
  say(text: string, idle = true): void {
    this.listener(new TextEncoder().encode(text));
    this.onSlice?.(idle);
  }
}

describe('adapter: lines typed at the guest’s prompt', () => {
  let console: FakeConsole;
  let script: ConsoleScript;

  beforeEach(() => {
    console = new FakeConsole();
    script = new ConsoleScript(console, ['replyhi &', 'hello']);
  });

  it('each waits for a prompt and an idle guest', () => {
    console.say('Run /init as init process\r\n');
    assert.deepEqual(console.typed, []);
    console.say('sockscope# ', false);
    assert.deepEqual(console.typed, [], 'it still works');
    console.say('');
    assert.deepEqual(console.typed, ['replyhi &\r']);
    console.say('');
    assert.equal(console.typed.length, 1, 'one line a prompt');
    console.say('replyhi &\r\n[1] 18\r\n');
    assert.equal(console.typed.length, 1);
    console.say('sockscope# ');
    assert.deepEqual(console.typed, ['replyhi &\r', 'hello\r']);
    assert.equal(script.pending, 0);
    console.say('hello\r\nsockscope# ');
    assert.equal(console.typed.length, 2);
  });

  it('a line that the kernel or a background job prints behind the prompt does not hide it', () => {
    console.say('sockscope# ');
    console.say('replyhi &\r\n[1] 18\r\nsockscope# replyhi: listening on port 5001\r\n');
    assert.equal(console.typed.length, 2);
  });

  it('half a line behind the prompt is somebody typing', () => {
    console.say('sockscope# ');
    console.say('replyhi &\r\nsockscope# ec');
    assert.equal(console.typed.length, 1);
  });

  for (const prompt of ['/ # ', '$ ', 'user@host:~$ ', '\x1b[1m~ >\x1b[0m ', 'login% ']) {
    it(`${JSON.stringify(prompt)} is a prompt`, () => {
      console.say(`booted\r\n${prompt}`);
      assert.equal(console.typed.length, 1);
    });
  }
  for (const text of ['Starting', 'login: ', '# comment', '50%\r\n', 'a#', '']) {
    it(`${JSON.stringify(text)} is none`, () => {
      console.say(`booted\r\n${text}`);
      assert.equal(console.typed.length, 0);
    });
  }

  it('tells when the first prompt is there', () => {
    let times = 0;
    script.onPrompt = () => times++;
    console.say('sockscope# ');
    console.say('replyhi &\r\nsockscope# ');
    assert.equal(times, 1);
  });

  it('lines can be added later', () => {
    console.say('sockscope# ');
    console.say('\r\nsockscope# ');
    script.add('exit');
    console.say('\r\nsockscope# ');
    assert.deepEqual(console.typed.at(-1), 'exit\r');
  });
});
