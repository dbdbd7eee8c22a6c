import * as assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { answerInto, Mailbox, type SharedMailbox } from '../../src/remote/mailbox';

/** A worker that answers questions, and wakes the sleeper at other times too. */
function worker(shared: SharedMailbox, main: string): Worker {
  const source = `
    const __name = (f) => f;
    const { parentPort, workerData: shared } = require('node:worker_threads');
    const answerInto = ${answerInto.toString()};
    ${main}`;
  return new Worker(source, { eval: true, workerData: shared, execArgv: [] });
}

describe('remote: answers through shared memory', () => {
  it('goes on sleeping when it is woken by the notification of the answer before', async () => {
    const mailbox = new Mailbox(1000);
    const answering = worker(
      mailbox.shared,
      `parentPort.on('message', (question) => {
        // As a thread that lost the processor between storing an answer and notifying: the notification comes late.
        const until = (ms) => { const end = performance.now() + ms; while (performance.now() < end) Atomics.notify(shared.control, 0); };
        until(0.2);
        answerInto(shared, question, 0, 'answer ' + question);
      });`,
    );
    try {
      for (let n = 0; n < 2000; n++) {
        const question = mailbox.next();
        answering.postMessage(question);
        assert.deepEqual(mailbox.wait(question, 10_000), { status: 0, text: `answer ${question}` });
      }
    } finally {
      await answering.terminate();
    }
  });

  it('hands over any byte, and cuts what is too long', async () => {
    const mailbox = new Mailbox(256);
    const bytes = Array.from({ length: 300 }, (_, n) => n & 0xff);
    const answering = worker(
      mailbox.shared,
      `parentPort.on('message', (question) => answerInto(shared, question, 1, String.fromCharCode(...${JSON.stringify(bytes)})));`,
    );
    try {
      const question = mailbox.next();
      answering.postMessage(question);
      const answer = mailbox.wait(question, 10_000);
      assert.deepEqual(answer, { status: 1, text: String.fromCharCode(...bytes.slice(0, 256)) });
    } finally {
      await answering.terminate();
    }
  });

  it('does not wait for ever', () => {
    const mailbox = new Mailbox(16);
    assert.equal(mailbox.wait(mailbox.next(), 50), undefined);
  });
});
