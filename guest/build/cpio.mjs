/**
 * Writes an initial RAM file system: a cpio archive in "newc" format (Documentation/driver-api/early-userspace/
 * buffer-format.rst of the kernel). Needs no root: owners and device nodes are only numbers in the archive.
 */

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFCHR = 0o020000;

/**
 * @typedef {{ path: string, directory?: true, data?: Uint8Array, device?: [number, number], mode: number }} CpioEntry
 *   one of directory, data (a file's content) or device (a character device's major and minor number); mode is the
 *   permissions. Parents come before what is in them.
 */

/**
 * @param {CpioEntry[]} entries
 * @returns {Buffer}
 */
export function cpioArchive(entries) {
  const parts = entries.map((entry, index) => record(index + 1, entry));
  parts.push(record(0, { path: 'TRAILER!!!', mode: 0 }));
  return Buffer.concat(parts);
}

function record(inode, { path, directory, data, device, mode }) {
  const kind = directory ? S_IFDIR : data ? S_IFREG : device ? S_IFCHR : 0;
  const name = Buffer.from(`${path}\0`);
  const content = Buffer.from(data ?? []);
  const fields = [
    inode,
    kind | mode,
    0, // uid
    0, // gid
    directory ? 2 : 1, // links
    0, // modification time: always the same, so that equal input gives equal output
    content.length,
    0, // device that holds the file
    0,
    device?.[0] ?? 0,
    device?.[1] ?? 0,
    name.length,
    0, // checksum: only used by the "crc" variant
  ];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(content)]);
}

/** Header with name, and content, each end on a multiple of four bytes. */
function padded(buffer) {
  return Buffer.concat([buffer, Buffer.alloc((4 - (buffer.length % 4)) % 4)]);
}
