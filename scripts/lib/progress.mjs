/**
 * Progress of long steps on standard error: one line rewritten in place on a terminal, a line now and then elsewhere.
 */

const TERMINAL_INTERVAL = 250; // milliseconds between updates
const LOG_INTERVAL = 10_000;

/**
 * @param {string} label what is being done, e.g. "kernel"
 * @param {NodeJS.WriteStream} [stream]
 * @returns {{ update(text: string, fraction?: number): void, done(text: string): void }} fraction is from 0 to 1
 */
export function progress(label, stream = process.stderr) {
  const interval = stream.isTTY ? TERMINAL_INTERVAL : LOG_INTERVAL;
  const started = Date.now();
  let last = 0;
  return {
    update(text, fraction) {
      const now = Date.now();
      if (now - last < interval) return;
      last = now;
      const percent = fraction === undefined ? '' : ` ${String(Math.floor(fraction * 100)).padStart(3)}%`;
      const line = `${label}:${percent} ${text}`;
      stream.write(stream.isTTY ? `\r\x1b[K${line.slice(0, (stream.columns ?? 80) - 1)}` : `${line}\n`);
    },
    done(text) {
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      stream.write(`${stream.isTTY ? '\r\x1b[K' : ''}${label}: ${text} (${seconds} s)\n`);
    },
  };
}
