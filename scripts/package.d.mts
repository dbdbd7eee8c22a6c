/** Makes the .vsix; gives its path. */
export function makePackage(target?: string): Promise<string>;
