import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import type { Workbench } from './install';

/** What the suites use of playwright-core, which is installed beside the workbench and not among our own modules. */
export interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<T>(script: string | (() => T | Promise<T>)): Promise<T>;
  exposeFunction(name: string, callback: (...args: never[]) => unknown): Promise<void>;
  waitForFunction(script: string, argument?: unknown, options?: { timeout?: number }): Promise<unknown>;
  waitForSelector(selector: string, options?: { state?: 'visible' | 'hidden'; timeout?: number }): Promise<unknown>;
  waitForTimeout(milliseconds: number): Promise<void>;
  locator(selector: string, options?: { hasText?: string | RegExp }): Locator;
  frameLocator(selector: string): FrameLocator;
  screenshot(options: {
    path: string;
    clip?: { x: number; y: number; width: number; height: number };
  }): Promise<unknown>;
  setDefaultTimeout(milliseconds: number): void;
  /** What the operating system would say of its colours. */
  emulateMedia(options: { colorScheme: 'light' | 'dark'; forcedColors: 'active' | 'none' }): Promise<void>;
  readonly keyboard: {
    press(key: string): Promise<void>;
    type(text: string, options?: { delay?: number }): Promise<void>;
    insertText(text: string): Promise<void>;
  };
  readonly mouse: {
    move(x: number, y: number): Promise<void>;
    click(x: number, y: number): Promise<void>;
    down(): Promise<void>;
    up(): Promise<void>;
    wheel(dx: number, dy: number): Promise<void>;
  };
}

/** The document in a frame of the page. */
export interface FrameLocator {
  locator(selector: string, options?: { hasText?: string | RegExp }): Locator;
  frameLocator(selector: string): FrameLocator;
}

/** Elements that a selector finds, looked up anew at each use. */
export interface Locator {
  locator(selector: string, options?: { hasText?: string | RegExp }): Locator;
  first(): Locator;
  last(): Locator;
  nth(index: number): Locator;
  count(): Promise<number>;
  click(options?: { button?: 'left' | 'right'; position?: { x: number; y: number }; timeout?: number }): Promise<void>;
  dblclick(options?: { position?: { x: number; y: number } }): Promise<void>;
  hover(): Promise<void>;
  waitFor(options?: { state?: 'visible' | 'hidden' | 'attached'; timeout?: number }): Promise<void>;
  innerText(): Promise<string>;
  allInnerTexts(): Promise<string[]>;
  textContent(): Promise<string | null>;
  getAttribute(name: string): Promise<string | null>;
  boundingBox(): Promise<{ x: number; y: number; width: number; height: number } | null>;
  isVisible(): Promise<boolean>;
  focus(): Promise<void>;
  evaluate<T>(act: (element: HTMLElement) => T): Promise<T>;
  scrollIntoViewIfNeeded(): Promise<void>;
}

interface Playwright {
  chromium: {
    launchPersistentContext(
      profile: string,
      options: object,
    ): Promise<{ pages(): Page[]; newPage(): Promise<Page>; close(): Promise<void> }>;
  };
}

/** A browser window with a profile of its own. */
export interface Browser {
  readonly page: Page;
  close(): Promise<void>;
}

/** What a browser does in the background only disturbs; the sandbox does not work for root. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Opens a window without a screen.
 * @param timeout milliseconds that a wait may take unless it says otherwise
 */
export async function openBrowser(workbench: Workbench, timeout = 90_000): Promise<Browser> {
  const { chromium } = createRequire(__filename)(workbench.playwright) as Playwright;
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: workbench.chromium,
    headless: true,
    args: FLAGS,
    viewport: { width: 1440, height: 1000 },
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(timeout);
  return {
    page,
    async close() {
      await context.close();
      fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
