import assert from 'node:assert/strict';
import { withWindow } from './set-up';
import { lineOf, type Window } from './window';

/** Every section of the side bar but those named is closed. */
const CLOSED = {
  Variables: false,
  Watch: false,
  'Call Stack': false,
  Breakpoints: false,
  'System Calls': false,
  'Interrupt Vectors': false,
  Sockets: false,
  Tasks: false,
  'Kernel Sources': false,
};

/** The five trees, lenses and quick picks, in an empty window. */
describe('the views in the side bar', function () {
  let window: Window;

  withWindow(this, 'views', async ({ open }) => {
    // Function breakpoints would be below what is in view.
    window = await open({ settings: { 'sockscope.listSystemCalls': false } });
  });

  const says = (text: string): Promise<void> =>
    window.page.locator('.pane-body .welcome-view-content, .pane-body .message', { hasText: text }).first().waitFor();

  it('say before a session what they will show, and offer to boot', async () => {
    await window.command('SockScope: Show System Calls');
    await window.row(/^socketcall\s*#102/).waitFor();
    await window.widenSideBar(420);
    await window.showSections({
      Run: false,
      'Interrupt Vectors': true,
      Sockets: true,
      Tasks: true,
    });
    await says('The interrupt descriptor table is read from the memory of a stopped guest.');
    await says('The open sockets of every process are shown here while a guest is stopped.');
    await says('What runs in the guest is shown here while it is stopped.');
    await window.gallery('20-views-none');
  });

  it('Start Debugging, as the menu Run has it, offers SockScope first among the debuggers, and does what F5 does', async () => {
    // By the palette: the compact menu of VS Code in a browser does not always see that there is a debugger now.
    await window.command('Debug: Start Debugging');
    const first = window.page.locator('.quick-input-list .monaco-list-row').first();
    await first.waitFor();
    assert.match(await first.innerText(), /^SockScope/);
    await first.click();
    await window.page.locator('.tab.active', { hasText: 'socket.c' }).waitFor();
    await window.prompt();
  });

  it('say while the guest runs that they are read when it stops, and pause it', async () => {
    await window.showSections({ ...CLOSED, 'Interrupt Vectors': true, Sockets: true, Tasks: true });
    await says('The guest runs. Its interrupt descriptor table is read when it stops.');
    await says('The guest runs. Its tasks are read when it stops.');
    await window.screenshot('21-views-running');
    await window.page
      .locator('.welcome-view-content', { hasText: 'Its sockets are read' })
      .locator('.monaco-button', { hasText: 'Pause' })
      .click();
    await says('No process has an open socket.');
    await window.row(/^0x80 system call/).waitFor();
    await window.row(/^init\s*pid 1/).waitFor();
  });

  it('show at a stop the vectors, the sockets down to their members, and the tasks with their frames', async () => {
    await window.page.locator('.debug-toolbar .codicon-debug-continue').click();
    await window.running();
    await window.showSections({ 'Call Stack': true });
    await window.command('SockScope: Follow a Socket Call');
    await window.page.locator('.quick-input-list .monaco-list-row', { hasText: /^bind/ }).click();
    await window.stoppedIn(/^__sys_bind /);
    await window.showSections({ 'Call Stack': false, 'Interrupt Vectors': false });
    await window.expand(window.row(/^fd 3\s*TCP/));
    await window.row(/^state\s*CLOSE/).waitFor();
    await window.expand(window.row(/^replyhi\s*pid \d+ · running/));
    await window.row(/^main\s*replyhi\.c:\d+/).waitFor();
    await window.screenshot('22-views-sockets-tasks');
    await window.showSections({ Sockets: false, Tasks: false, 'Interrupt Vectors': true, 'Kernel Sources': true });
    await window.expand(window.row(/^Exceptions/));
    await window.row(/^0x0e #PF, page fault/).waitFor();
    await window.row(/^idt\.c/).waitFor();
    await window.showSections({ Sockets: true, Tasks: true });
    await window.gallery('23-views');
  });

  it('lenses tell the hits of the very stop', async () => {
    await window.goToLine(lineOf('net/socket.c', 'SYSCALL_DEFINE3(bind'));
    const lens = window.page.locator('.codelens-decoration', { hasText: /Break on entry.*1 hit/ }).first();
    await lens.waitFor();
  });

  it('a quick pick has the calls that only socketcall serves; what it sets is ticked and listed', async () => {
    const { page } = window;
    await window.showSections({ 'Interrupt Vectors': false, 'Kernel Sources': false, 'System Calls': true });
    await window.command('SockScope: Break on System Call');
    const choose = (text: RegExp): Promise<void> =>
      page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first().click();
    const item = page.locator('.quick-input-list .monaco-list-row', { hasText: /^accept\s*by socketcall/ }).first();
    await item.waitFor();
    assert.match(await item.innerText(), /by socketcall only/);
    await window.gallery('24-quick-pick');
    await item.click();
    await page.keyboard.press('Enter');
    await choose(/^On entry/);
    await choose(/^Any program/);
    await window.showSections({ Breakpoints: true });
    await page.locator('.debug-breakpoints .monaco-list-row', { hasText: 'catch:accept' }).waitFor();
    await window
      .row(/^accept\s*by socketcall only/)
      .locator('.monaco-custom-toggle.checked')
      .waitFor();
    await window.screenshot('25-breakpoints');
  });
});
