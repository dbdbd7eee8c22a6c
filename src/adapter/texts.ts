/**
 * What the adapter says to a person, in the client's language where a translation of the extension's texts has it. Texts are written in
 * English where they are used, and translated when they are sent.
 */

import fs from 'node:fs';
import path from 'node:path';

/** Marks a text that can be translated: `npm run l10n` collects what it is called with. */
export const l10n = { t: (text: string): string => text };

/** Puts values into the places of a text: `{file}`. What has no value stays as it is, as clients do it. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => (Object.hasOwn(values, name) ? values[name] : place));
}

/** The texts in one language. */
export class Texts {
  private readonly translated: Readonly<Record<string, string>>;

  /**
   * @param folder the extension's translations, `bundle.l10n.<locale>.json`
   * @param locale as the client names it, `de` or `zh-cn`; English where it is not given, or there is no translation
   */
  constructor(folder: string, locale: string | undefined) {
    const [language] = (locale ?? '').split('-');
    const files = [locale, language].filter((name) => name !== undefined && /^[\w-]+$/.test(name));
    const file = files.map((name) => path.join(folder, `bundle.l10n.${name}.json`)).find((each) => fs.existsSync(each));
    this.translated = file === undefined ? {} : readBundle(file);
  }

  /** A marked text in this language. */
  of(text: string): string {
    return Object.hasOwn(this.translated, text) ? this.translated[text] : text;
  }
}

/** A damaged translation is none: the texts are still there in English. */
function readBundle(file: string): Record<string, string> {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}
