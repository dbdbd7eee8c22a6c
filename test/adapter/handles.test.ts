import assert from 'node:assert/strict';
import { Handles } from '../../src/adapter/handles';

describe('adapter: handles', () => {
  it('never mean something new after the guest has run', () => {
    const handles = new Handles();
    const container = { kind: 'plain', variables: () => [] } as const;
    const first = handles.create(container);
    assert.equal(handles.get(first), container);
    handles.clear();
    assert.equal(handles.get(first), undefined);
    assert.notEqual(handles.create(container), first);
    assert.equal(handles.get(0), undefined, '0 means that there is nothing to expand');
  });
});
