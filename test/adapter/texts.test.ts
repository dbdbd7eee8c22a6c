import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { errorMessage, LaunchError, LaunchProblem } from '../../src/adapter/errors';
import { exceptionFilters } from '../../src/adapter/system-call-filters';
import { filled, Texts } from '../../src/adapter/texts';
import { DebuggerError, OutdatedError } from '../../src/debugger/api';
import { ADAPTER, INITIALIZE, prepared, PREPARATION } from './fixture';
import { TestClient } from './test-client';

const MISSING = 'The file {file} (launch attribute "{attribute}") does not exist.';

describe('adapter: what it says to a person', function () {
  this.timeout(PREPARATION);
  let folder: string;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-texts-'));
    const german = { 'Kernel panic/oops': 'Absturz des Kerns', [MISSING]: 'Die Datei {file} fehlt.' };
    fs.writeFileSync(path.join(folder, 'bundle.l10n.de.json'), JSON.stringify(german));
    fs.writeFileSync(path.join(folder, 'bundle.l10n.fr.json'), '{ damaged');
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('is in the language of the client where there is a translation, also for its region; else in English', () => {
    const label = (locale: string | undefined): string => exceptionFilters(true, new Texts(folder, locale))[0].label;
    assert.equal(label('de'), 'Absturz des Kerns');
    assert.equal(label('de-AT'), 'Absturz des Kerns');
    for (const locale of ['en', 'fr', 'zh-cn', '../../etc', undefined])
      assert.equal(label(locale), 'Kernel panic/oops');
  });

  it('a refused launch keeps its number in every language, and has its values apart from the text', () => {
    const error = new LaunchError(LaunchProblem.FileMissing, MISSING, { file: '/a', attribute: 'kernel' });
    assert.equal(error.message, 'The file /a (launch attribute "kernel") does not exist.');
    assert.deepEqual(errorMessage(error, new Texts(folder, 'de')), {
      id: 1009,
      format: 'Die Datei {file} fehlt.',
      variables: { file: '/a', attribute: 'kernel' },
      showUser: true,
    });
  });

  it('other errors have the number of their kind; a defect of our own says that it is one', () => {
    const english = new Texts(folder, undefined);
    const bad = errorMessage(new DebuggerError('The guest is {running}.'), english);
    assert.deepEqual(bad, { id: 2001, format: 'The guest is {running}.', showUser: true });
    const late = errorMessage(new OutdatedError('That value is gone.'), english);
    assert.deepEqual(late, { id: 2001, format: 'That value is gone.', showUser: false });
    const defect = errorMessage(new TypeError('x is undefined'), english);
    assert.equal(defect.id, 2999);
    assert.match(defect.format, /^SockScope failed unexpectedly: TypeError: x is undefined\n/);
  });

  it('places without a value stay as they are', () =>
    assert.equal(filled('{file} {"bzImage": …} {other}', { file: 'f' }), 'f {"bzImage": …} {other}'));

  it('goes over the wire as the protocol has it', async () => {
    await prepared();
    const client = new TestClient(ADAPTER);
    await client.request('initialize', { ...INITIALIZE, locale: 'de' });
    const message = await client.failure('launch', { kernel: '/no/such/vmlinux' });
    assert.equal(message, 'The file /no/such/vmlinux (launch attribute "kernel") does not exist.');
    const response = client.messages.at(-1)?.message as DebugProtocol.ErrorResponse;
    assert.deepEqual(response.body.error, {
      id: LaunchProblem.FileMissing,
      format: MISSING,
      variables: { file: '/no/such/vmlinux', attribute: 'kernel', code: 'ENOENT' },
      showUser: true,
    });
    await client.close();
  });
});
