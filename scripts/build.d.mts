/** Bundles what runs into a folder; gives the names of the npm packages that went in. */
export function bundle(outdir: string, release?: boolean): Promise<string[]>;
/** Bundles the extension, the adapter and the command line into dist/; `guest` is the folder of the built guest. */
export function build(guest?: string): Promise<void>;
