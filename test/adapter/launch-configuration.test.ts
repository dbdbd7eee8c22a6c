import assert from 'node:assert/strict';
import { LaunchError, LaunchProblem } from '../../src/adapter/errors';
import { checkLaunchConfiguration } from '../../src/adapter/launch-configuration';

describe('adapter: launch configuration', () => {
  it('takes what is right, clients’ own attributes, and nothing at all', () => {
    const full = {
      kernel: { bzImage: 'a', vmlinux: 'b' }, initrd: 'i', commandLine: '', memory: 16, programs: [], sourceMap: { '/a': '/b' }, run: ['x'],
      stopOnEntry: true, cpu: { sysenter: false }, noDebug: false, name: 'n', type: 'sockscope', request: 'launch', __sessionId: '1',
    }; // prettier-ignore
    assert.equal(checkLaunchConfiguration(full), full);
    assert.deepEqual(checkLaunchConfiguration({}), {});
    assert.deepEqual(checkLaunchConfiguration({ kernel: undefined, memory: null }), {
      kernel: undefined,
      memory: null,
    });
  });
  it('refuses what is no object', () => {
    for (const raw of [undefined, null, 7, 'x', []]) {
      assert.throws(
        () => checkLaunchConfiguration(raw),
        new LaunchError(LaunchProblem.NotAnObject, 'The launch configuration is not an object.'),
      );
    }
  });
});
