import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../adapter/fixture';
import { openBrowser, type Browser, type FrameLocator, type Locator, type Page } from '../workbench/browser';
import type { Workbench } from '../workbench/install';
import type { Server } from '../workbench/server';

/** Where the pictures go. */
const SCREENSHOTS = path.join(ROOT, 'out/screenshots');

/** How long anything may take on a busy machine. */
const PATIENCE = 100_000;

/** The kinds of themes: what the operating system says to get one, and the classes of the page and of a webview that are drawn in it. */
const THEMES = {
  light: { media: { colorScheme: 'light', forcedColors: 'none' }, page: 'vs', webview: 'vscode-light' },
  'contrast-light': {
    media: { colorScheme: 'light', forcedColors: 'active' },
    page: 'hc-light',
    webview: 'vscode-high-contrast-light',
  },
  contrast: {
    media: { colorScheme: 'dark', forcedColors: 'active' },
    page: 'hc-black',
    webview: 'vscode-high-contrast',
  },
  dark: { media: { colorScheme: 'dark', forcedColors: 'none' }, page: 'vs-dark', webview: 'vscode-dark' },
} as const;

/** The settings of a suite: what all have, and its own. */
export function settingsOf(own: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    // The terminal's text is in the page only where it is not drawn by the graphics processor.
    'terminal.integrated.gpuAcceleration': 'off',
    'window.autoDetectColorScheme': true,
    'window.autoDetectHighContrast': true,
    'workbench.preferredLightColorTheme': 'Light Modern',
    'workbench.preferredDarkColorTheme': 'Dark Modern',
    ...own,
  };
}

/** A row of the call stack that has a place in a source: `main replyhi.c 57:6`. */
export const PLACE = / \d+:\d+$/;

/** The guest's prompt, as a terminal shows it; others may go on talking behind it. */
const PROMPT = /^sockscope#/m;

/** Line of a kernel source that contains a text, from 1. */
export function lineOf(file: string, text: string): number {
  const lines = fs.readFileSync(path.join(ROOT, 'dist/guest/sources', file), 'utf8').split('\n');
  const line = lines.findIndex((content) => content.includes(text));
  assert.ok(line >= 0, `${file} has no "${text}"`);
  return line + 1;
}

/** Whether something comes into view soon; where it does not, something has to be done again. */
function appears(element: Locator, timeout = 3_000): Promise<boolean> {
  return element.waitFor({ timeout }).then(
    () => true,
    () => false,
  );
}

/** Waits a moment for something to go out of view; what stays does no harm. */
function gone(element: Locator): Promise<void> {
  return element.waitFor({ state: 'hidden', timeout: 2_000 }).catch(() => undefined);
}

/** Waits until the workbench has drawn itself. */
async function settled(page: Page): Promise<void> {
  await page.waitForSelector('.monaco-workbench');
  await page.waitForFunction('window.driver');
  await page.evaluate('window.driver.whenWorkbenchRestored()');
}

/** A workbench window, used as a person does: by clicks and keys. */
export class Window {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
  ) {}

  /** Opens a folder, or an empty window, and waits until the workbench has settled. */
  static async open(workbench: Workbench, server: Server, folder?: string): Promise<Window> {
    const browser = await openBrowser(workbench, PATIENCE);
    const { page } = browser;
    await page.emulateMedia(THEMES.dark.media);
    const query = folder === undefined ? 'ew=true' : `folder=${encodeURIComponent(folder)}`;
    await page.goto(`http://127.0.0.1:${server.port}/?${query}`);
    await settled(page);
    return new Window(browser, page);
  }

  close(): Promise<void> {
    return this.browser.close();
  }

  async screenshot(name: string): Promise<void> {
    fs.mkdirSync(SCREENSHOTS, { recursive: true });
    // Where the pointer shows nothing of its own; what it has shown goes soon.
    await this.page.mouse.move(720, 990);
    await gone(this.page.locator('.workbench-hover').first());
    await this.page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });
  }

  /** Repeats an observation until it gives something; says what it waited for where it never does. */
  async until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
    for (const end = Date.now() + PATIENCE; ;) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > end) throw new Error(`waited ${PATIENCE / 1000} s for ${what}`);
      await this.page.waitForTimeout(100);
    }
  }

  /** Opens a quick input by its key. A key that comes while VS Code moves the focus is lost, so it is pressed again. */
  private async quickInput(key: string, prefix: string): Promise<void> {
    const opened = `document.activeElement?.matches('.quick-input-box input') && document.activeElement.value === '${prefix}'`;
    await this.until(`the quick input of ${key}`, async () => {
      await this.page.keyboard.press(key);
      for (let i = 0; i < 20; i++) {
        if (await this.page.evaluate<boolean>(opened)) return true;
        await this.page.waitForTimeout(100);
      }
      return false;
    });
  }

  /** Finds a command in the palette, which lists an extension's commands only some time after the window has opened. */
  private async findCommand(title: string): Promise<Locator> {
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
    await this.until(`the command "${title}"`, async () => {
      await this.quickInput('F1', '>');
      await this.page.keyboard.insertText(title);
      if (await appears(row)) return true;
      await this.closeQuickInput();
      return false;
    });
    return row;
  }

  private async closeQuickInput(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.page.waitForSelector('.quick-input-widget', { state: 'hidden' });
  }

  /** Chooses a command in the palette. */
  async command(title: string): Promise<void> {
    await this.until(`the command "${title}" to be taken`, async () => {
      const row = await this.findCommand(title);
      // VS Code closes the palette where it moves the focus meanwhile, as at a stop.
      return row.click({ timeout: 3_000 }).then(
        () => true,
        () => this.closeQuickInput().then(() => false),
      );
    });
  }

  /** Waits until VS Code knows what an extension contributes, by a command of it; chooses nothing. */
  async knowsCommand(title: string): Promise<void> {
    await this.findCommand(title);
    await this.closeQuickInput();
  }

  /** Opens a file of the folder from the explorer. */
  async openFile(name: string): Promise<void> {
    await this.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).dblclick();
    await this.page.locator('.tab.active', { hasText: name }).waitFor();
  }

  /** Goes to a line of the editor, by Ctrl+G. */
  async goToLine(line: number): Promise<void> {
    await this.focusEditor();
    await this.quickInput('Control+g', ':');
    await this.page.keyboard.insertText(String(line));
    await this.page.keyboard.press('Enter');
    await this.lineNumber(line).waitFor();
  }

  async focusEditor(): Promise<void> {
    const editor = await this.page.locator('.editor-instance .monaco-editor').first().boundingBox();
    assert.ok(editor, 'there is no editor');
    // Between the lenses and the minimap.
    await this.page.mouse.click(editor.x + editor.width * 0.75, editor.y + editor.height / 2);
  }

  private lineNumber(line: number): Locator {
    return this.page.locator('.editor-instance .monaco-editor .line-numbers', { hasText: new RegExp(`^${line}$`) });
  }

  /** The gutter at a line, where breakpoints are set. */
  private async gutter(line: number): Promise<{ x: number; y: number }> {
    const number = await this.lineNumber(line).boundingBox();
    const margin = await this.page.locator('.editor-instance .monaco-editor .margin').first().boundingBox();
    assert.ok(number && margin, `line ${line} is not in view`);
    return { x: margin.x + 10, y: number.y + number.height / 2 };
  }

  /** Clicks into the gutter once VS Code says by its hint that a breakpoint can be set there. */
  async clickGutter(line: number): Promise<void> {
    await this.until('the gutter to take breakpoints', async () => {
      const { x, y } = await this.gutter(line);
      await this.page.mouse.move(x + Math.random() * 2, y);
      return (await this.page.locator('.editor-instance .codicon-debug-hint').count()) > 0;
    });
    const { x, y } = await this.gutter(line);
    await this.page.mouse.click(x, y);
  }

  /** Lines of the editor in view that have a breakpoint's sign in the gutter. */
  breakpointLines(): Promise<number[]> {
    // In one go, because signs come and go meanwhile.
    return this.page.evaluate<number[]>(`(() => {
      const all = (selector) => [...document.querySelectorAll('.editor-instance .monaco-editor ' + selector)];
      const top = (element) => element.getBoundingClientRect().top;
      return all('.glyph-margin-widgets .codicon-debug-breakpoint').flatMap((sign) =>
        all('.line-numbers')
          .filter((number) => Math.abs(top(number) - top(sign)) < 4)
          .map((number) => Number(number.textContent)));
    })()`);
  }

  /** Clicks an entry of the context menu that is open. VS Code's menus take no click in their first tenth of a second. */
  async chooseFromMenu(text: string): Promise<void> {
    const entry = this.page.locator('.context-view .action-item', { hasText: text });
    await entry.waitFor();
    await new Promise((resolve) => setTimeout(resolve, 400));
    await entry.click();
  }

  /** What the terminal shows. */
  async terminalText(): Promise<string> {
    const rows = await this.page.locator('.terminal-wrapper.active .xterm-rows > div').allInnerTexts();
    return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n');
  }

  /** Waits until the terminal of a session has the guest's prompt. */
  async prompt(): Promise<void> {
    await this.until('the prompt', async () => {
      const text = await this.terminalText();
      return PROMPT.test(text) && !/session has ended/.test(text);
    });
  }

  /** Waits until the guest runs that was stopped. */
  async running(): Promise<void> {
    await this.page.locator('.debug-toolbar .codicon-debug-pause').waitFor();
  }

  /** Pastes a text into the terminal. */
  async paste(text: string): Promise<void> {
    const input = this.page.locator('.terminal-wrapper.active .xterm-helper-textarea');
    await input.focus();
    await this.page.evaluate(`(() => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', ${JSON.stringify(text)});
      const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
      document.querySelector('.terminal-wrapper.active .xterm-helper-textarea').dispatchEvent(event);
    })()`);
  }

  /** Scrolls the terminal to its end, by the wheel. */
  async scrollTerminal(): Promise<void> {
    await this.page.locator('.terminal-wrapper.active .xterm-screen').hover();
    await this.page.mouse.wheel(0, 10_000);
  }

  async focusTerminal(): Promise<void> {
    await this.page.locator('.terminal-wrapper.active .xterm-screen').click();
  }

  /** Types a line into the terminal. */
  async typeLine(text: string): Promise<void> {
    await this.focusTerminal();
    await this.page.keyboard.type(text, { delay: 20 });
    await this.page.keyboard.press('Enter');
  }

  /** Rows of the call stack, top first: `__do_sys_socketcall socket.c 3042:1`. */
  async callStack(): Promise<string[]> {
    const rows = await this.page.locator('.debug-call-stack .monaco-list-row').allInnerTexts();
    return rows.map((row) => row.replaceAll(/\s+/g, ' ').trim());
  }

  /** Waits until the stopped frame is a function's, and gives its row: `__sys_bind socket.c 1742:2`. */
  async stoppedIn(name: RegExp, unlike = ''): Promise<string> {
    return this.until(`a stop in ${name}`, async () => {
      const rows = await this.callStack();
      const top = rows.find((row) => PLACE.test(row));
      return top !== undefined && name.test(top) && top !== unlike ? top : undefined;
    });
  }

  /** Waits until the call stack is whole: VS Code asks for the frames below the first one later. */
  async wholeStack(): Promise<void> {
    await this.until('the whole call stack', async () => {
      const rows = await this.callStack();
      return rows.some((row) => PLACE.test(row)) && !rows.some((row) => /Load More/.test(row));
    });
  }

  variable(text: string | RegExp): Locator {
    return this.page.locator('.debug-variables .monaco-list-row', { hasText: text }).first();
  }

  /** Opens a row of a tree unless it is open. */
  expand(row: Locator): Promise<void> {
    return this.toggle(row, 'true');
  }

  collapse(row: Locator): Promise<void> {
    return this.toggle(row, 'false');
  }

  private async toggle(row: Locator, expanded: 'true' | 'false'): Promise<void> {
    await row.waitFor();
    await this.until('the row to change', async () => {
      if ((await row.getAttribute('aria-expanded')) === expanded) return true;
      await row.locator('.monaco-tl-twistie').click();
      return false;
    });
  }

  /** Opens or closes sections of the Run and Debug view, so that the others have room. */
  async showSections(sections: Record<string, boolean>): Promise<void> {
    for (const [name, open] of Object.entries(sections)) {
      const header = this.page.locator('.pane-header', { hasText: new RegExp(`^${name}`) }).first();
      await this.until(`the section ${name}`, async () => {
        if ((await header.getAttribute('aria-expanded')) === String(open)) return true;
        await header.locator('.title').click();
        return false;
      });
    }
  }

  /** Drags the side bar's edge. */
  async widenSideBar(width: number): Promise<void> {
    const bar = await this.page.locator('.part.sidebar').boundingBox();
    assert.ok(bar, 'the side bar is not open');
    const y = bar.y + bar.height / 2;
    await this.page.mouse.move(bar.x + bar.width, y);
    await this.page.mouse.down();
    await this.page.mouse.move(bar.x + width, y);
    await this.page.mouse.up();
  }

  /** Gives the Variables section more room, by the edge below it. */
  async enlargeVariables(by: number): Promise<void> {
    const next = await this.page
      .locator('.pane-header', { hasText: /^Watch/ })
      .first()
      .boundingBox();
    assert.ok(next, 'the Watch section is not in view');
    const x = next.x + next.width / 2;
    await this.page.mouse.move(x, next.y);
    await this.page.mouse.down();
    await this.page.mouse.move(x, next.y + by);
    await this.page.mouse.up();
  }

  /** Adds an expression to the Watch view. */
  async watch(expression: string): Promise<void> {
    const header = this.page.locator('.pane-header', { hasText: 'Watch' });
    await header.hover();
    await header.locator('.action-label.codicon-watch-expressions-add').click();
    await this.page.locator('.debug-watch .monaco-inputbox input').waitFor();
    await this.page.keyboard.insertText(expression);
    await this.page.keyboard.press('Enter');
  }

  /** Changes the colours as the operating system does, so that what is open stays open: a menu, a dialog, a list. */
  private async useTheme(kind: keyof typeof THEMES): Promise<void> {
    const { media, page, webview } = THEMES[kind];
    await this.page.emulateMedia(media);
    await this.page.waitForSelector(`.monaco-workbench.${page}`);
    if ((await this.page.locator('iframe.webview.ready').count()) > 0)
      await this.webview().locator(`body.${webview}`).waitFor();
  }

  /** Takes a picture in each kind of theme; the dark one stays. */
  async gallery(name: string): Promise<void> {
    for (const kind of Object.keys(THEMES) as (keyof typeof THEMES)[]) {
      await this.useTheme(kind);
      await this.screenshot(`${name}-${kind}`);
    }
  }

  /** A row of one of SockScope's trees. */
  row(text: string | RegExp): Locator {
    return this.page.locator('.tree-explorer-viewlet-tree-view .monaco-list-row', { hasText: text }).first();
  }

  /** A button of a notification, which a workbench under test shows only behind its bell. */
  async notificationButton(message: string | RegExp, button: string): Promise<Locator> {
    const item = this.page.locator('.notifications-center .notification-list-item', { hasText: message }).first();
    const wanted = item.locator('.monaco-button', { hasText: button }).first();
    await this.until(`the notification with "${button}"`, async () => {
      if (await wanted.isVisible()) return true;
      if (!(await this.page.locator('.notifications-center.visible').first().isVisible()))
        await this.page.locator('.statusbar-item .codicon-bell-dot, .statusbar-item .codicon-bell').first().click();
      // The bell's own hover would be over the button.
      await this.page.mouse.move(720, 400);
      return appears(wanted, 2_000);
    });
    return wanted;
  }

  /** A button of a dialog. */
  dialogButton(message: string | RegExp, button: string): Locator {
    const dialog = this.page.locator('.monaco-dialog-box', { hasText: message });
    return dialog.locator('.monaco-button', { hasText: button }).first();
  }

  /** Loads the window anew. */
  async reload(): Promise<void> {
    await this.page.evaluate('window.sockscopeOld = true');
    await this.command('Developer: Reload Window');
    await this.page.waitForFunction('window.sockscopeOld === undefined && document.readyState === "complete"');
    await settled(this.page);
  }

  /** What a webview panel shows. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  }

  /** Changes a variable in its row. */
  async setVariable(row: Locator, value: string): Promise<void> {
    await row.locator('.value').dblclick();
    await this.page.locator('.debug-variables .monaco-inputbox input').waitFor();
    await this.page.keyboard.press('Control+a');
    await this.page.keyboard.insertText(value);
    await this.page.keyboard.press('Enter');
  }
}
