/** An expression that cannot be parsed or evaluated; the message is one plain sentence. */
export class ExpressionError extends Error {
  constructor(
    message: string,
    /** Offset in the text, where one is known. */
    readonly position?: number,
  ) {
    super(message);
    this.name = 'ExpressionError';
  }
}
