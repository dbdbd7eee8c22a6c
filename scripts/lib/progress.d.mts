export function progress(
  label: string,
  stream?: NodeJS.WriteStream,
): { update(text: string, fraction?: number): void; done(text: string): void };
