/** A kernel or initrd that cannot be booted; the message is one sentence for the user. */
export class BootError extends Error {
  override readonly name = 'BootError';
}
