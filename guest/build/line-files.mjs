/**
 * Which source files an ELF file's line tables name. Reads only the headers of .debug_line (DWARF 5, section 6.2.4; DWARF 4, section
 * 6.2.4), so that the sources can be kept beside the program without asking another tool.
 */
import { inflateSync } from 'node:zlib';

/** Of a section's header, and of what a compressed section begins with (ELF specification, section compression). */
const SHF_COMPRESSED = 0x800;
const ELFCOMPRESS_ZLIB = 1;
const COMPRESSION_HEADER = 12;
const WANTED = ['.debug_line', '.debug_line_str', '.debug_str'];

const DW_LNCT_path = 1;
const DW_LNCT_directory_index = 2;
const DW_FORM = { string: 0x08, strp: 0x0e, line_strp: 0x1f, udata: 0x0f, data1: 0x0b, data2: 0x05, data16: 0x1e };

/**
 * @param {Buffer} elf a 32-bit little-endian ELF file
 * @returns {Set<string>} paths as the tables have them, normalised: "net/socket.c", "include/linux/net.h"
 */
export function lineTableFiles(elf) {
  const sections = elfSections(elf);
  const line = sections.get('.debug_line');
  if (!line) throw new Error('The file has no .debug_line section: it was built without debug information.');
  const strings = { [DW_FORM.line_strp]: sections.get('.debug_line_str'), [DW_FORM.strp]: sections.get('.debug_str') };
  const files = new Set();
  for (let at = 0; at < line.length;) {
    const length = line.readUInt32LE(at);
    const version = line.readUInt16LE(at + 4);
    if (version !== 4 && version !== 5) {
      throw new Error(`A line table has DWARF version ${version}; versions 4 and 5 are known.`);
    }
    for (const name of version === 5 ? unitFiles(line, at + 8, strings) : olderFiles(line, at + 6)) files.add(name);
    at += 4 + length;
  }
  return files;
}

/** The files of one unit; `at` is the offset of header_length. */
function unitFiles(line, at, strings) {
  const reader = { data: line, at: at + 4 + 5 };
  const opcodeBase = line[reader.at++];
  reader.at += opcodeBase - 1;
  const directories = entries(reader, strings).map((entry) => entry[DW_LNCT_path]);
  return entries(reader, strings).map((entry) =>
    normalised(`${directories[entry[DW_LNCT_directory_index] ?? 0]}/${entry[DW_LNCT_path]}`),
  );
}

/** The same of DWARF 4, whose tables end with an empty name; directory 0 is the one that was compiled in, which is made relative. */
function olderFiles(line, at) {
  const reader = { data: line, at: at + 4 + 5 };
  const opcodeBase = line[reader.at++];
  reader.at += opcodeBase - 1;
  const directories = ['.'];
  for (let name = text(reader); name !== ''; name = text(reader)) directories.push(name);
  const files = [];
  for (let name = text(reader); name !== ''; name = text(reader)) {
    const directory = directories[uleb(reader)];
    uleb(reader); // time of the last change
    uleb(reader); // length
    files.push(normalised(name.startsWith('/') ? name : `${directory}/${name}`));
  }
  return files;
}

function normalised(name) {
  const path = [];
  for (const part of name.split('/')) {
    if (part === '..' && path.length > 0) path.pop();
    else if (part !== '.' && (part !== '' || path.length === 0)) path.push(part);
  }
  return path.join('/');
}

/** A directory or file table: entry format, count, entries (section 6.2.4.1). */
function entries(reader, strings) {
  const format = [];
  for (let count = reader.data[reader.at++]; count > 0; count--) format.push([uleb(reader), uleb(reader)]);
  const list = [];
  for (let count = uleb(reader); count > 0; count--) {
    const entry = {};
    for (const [content, form] of format) entry[content] = value(reader, form, strings);
    list.push(entry);
  }
  return list;
}

function value(reader, form, strings) {
  const { data } = reader;
  switch (form) {
    case DW_FORM.string:
      return text(reader);
    case DW_FORM.line_strp:
    case DW_FORM.strp: {
      const table = strings[form];
      const start = data.readUInt32LE(reader.at);
      reader.at += 4;
      return table.toString('utf8', start, table.indexOf(0, start));
    }
    case DW_FORM.udata:
      return uleb(reader);
    case DW_FORM.data1:
      return data[reader.at++];
    case DW_FORM.data2:
      reader.at += 2;
      return data.readUInt16LE(reader.at - 2);
    case DW_FORM.data16:
      reader.at += 16;
      return undefined;
    default:
      throw new Error(`A line table uses form 0x${form.toString(16)} for a file, which is not known here.`);
  }
}

/** Up to a zero byte. */
function text(reader) {
  const { data, at } = reader;
  reader.at = data.indexOf(0, at) + 1;
  return data.toString('utf8', at, reader.at - 1);
}

function uleb(reader) {
  let result = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.data[reader.at++];
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) return result;
  }
}

/** The wanted sections of an ELF32 file by name. */
function elfSections(elf) {
  if (elf.length < 52 || elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 1 || elf[5] !== 1) {
    throw new Error('This is not a 32-bit little-endian ELF file.');
  }
  const table = elf.readUInt32LE(32);
  const size = elf.readUInt16LE(46);
  const count = elf.readUInt16LE(48);
  const header = (index) => {
    const at = table + index * size;
    const offset = elf.readUInt32LE(at + 16);
    const data = elf.subarray(offset, offset + elf.readUInt32LE(at + 20));
    return { name: elf.readUInt32LE(at), data, isCompressed: (elf.readUInt32LE(at + 8) & SHF_COMPRESSED) !== 0 };
  };
  const names = header(elf.readUInt16LE(50)).data;
  const sections = new Map();
  for (let index = 0; index < count; index++) {
    const { name: at, data, isCompressed } = header(index);
    const name = names.toString('utf8', at, names.indexOf(0, at));
    if (!WANTED.includes(name)) continue;
    if (isCompressed && data.readUInt32LE(0) !== ELFCOMPRESS_ZLIB)
      throw new Error(`${name} is not compressed with zlib.`);
    sections.set(name, isCompressed ? inflateSync(data.subarray(COMPRESSION_HEADER)) : data);
  }
  return sections;
}
