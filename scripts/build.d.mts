/** Bundles the extension, the adapter and the command line into dist/; `guest` is the folder of the built guest. */
export function build(guest?: string): Promise<void>;
