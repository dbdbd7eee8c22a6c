/** ioctl of terminals and of sockets, in strace's notation (uapi/asm-generic/ioctls.h, termbits.h, termios.h, uapi/linux/sockios.h, if.h). */

import { DEVICE_NAMES } from './strace-names-devices';
import type { NameTable } from './strace-names';
import { Fields, hexOrZero, members, structure, type Shape } from './strace-shape';
import { straceSockaddr } from './strace-sockaddr';
import { hex, pointer } from './strace-text';

/** Requests by the shape of their argument. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  '>termios': 'TCGETS TIOCGLCKTRMIOS TCGETS2',
  termios: 'TCSETS TCSETSW TCSETSF TIOCSLCKTRMIOS TCSETS2 TCSETSW2 TCSETSF2',
  '>termio': 'TCGETA',
  termio: 'TCSETA TCSETAW TCSETAF',
  '>windowSize': 'TIOCGWINSZ',
  windowSize: 'TIOCSWINSZ',
  '=tcxonc': 'TCXONC',
  '=tcflush': 'TCFLSH',
  d: 'TCSBRK TCSBRKP TIOCSCTTY',
  '>modem': 'TIOCMGET',
  modem: 'TIOCMBIS TIOCMBIC TIOCMSET',
  '>int':
    'TIOCGPGRP TIOCGSID TIOCGETD TIOCGSOFTCAR TIOCGPTN FIONREAD TIOCOUTQ TIOCGEXCL TIOCGDEV SIOCATMARK SIOCGIFENCAP SIOCGPGRP SIOCOUTQNSD',
  int: 'TIOCSPGRP TIOCSETD FIONBIO FIOASYNC TIOCPKT TIOCSSOFTCAR TIOCSPTLCK SIOCSIFENCAP SIOCSPGRP',
  character: 'TIOCSTI',
  '': 'TIOCSBRK TIOCCBRK TIOCCONS TIOCNOTTY TIOCEXCL TIOCNXCL FIOCLEX FIONCLEX TIOCVHANGUP TIOCSSERIAL',
  string16: 'SIOCBRADDBR SIOCBRDELBR',
  '~interfaces': 'SIOCGIFCONF',
  setInterface: `SIOCADDMULTI SIOCDELMULTI SIOCSIFADDR SIOCSIFBRDADDR SIOCSIFDSTADDR SIOCSIFFLAGS SIOCSIFHWADDR SIOCSIFHWBROADCAST SIOCSIFMAP
    SIOCSIFMETRIC SIOCSIFMTU SIOCSIFNAME SIOCSIFNETMASK SIOCSIFSLAVE SIOCSIFTXQLEN`,
  '~getInterface': `SIOCGIFADDR SIOCGIFBRDADDR SIOCGIFDSTADDR SIOCGIFFLAGS SIOCGIFHWADDR SIOCGIFINDEX SIOCGIFMAP SIOCGIFMETRIC SIOCGIFMTU
    SIOCGIFNAME SIOCGIFNETMASK SIOCGIFSLAVE SIOCGIFTXQLEN`,
  address: `SIOCADDDLCI SIOCADDRT SIOCBONDCHANGEACTIVE SIOCBONDENSLAVE SIOCBONDINFOQUERY SIOCBONDRELEASE SIOCBONDSETHWADDR
    SIOCBONDSLAVEINFOQUERY SIOCDARP SIOCDELDLCI SIOCDELRT SIOCDIFADDR SIOCDRARP SIOCETHTOOL SIOCGARP SIOCGHWTSTAMP SIOCGIFBR SIOCGIFCOUNT
    SIOCGIFMEM SIOCGIFPFLAGS SIOCGIFVLAN SIOCGMIIPHY SIOCGMIIREG SIOCGRARP SIOCGSKNS SIOCGSTAMP_OLD SIOCGSTAMP_NEW SIOCGSTAMPNS_OLD
    SIOCGSTAMPNS_NEW SIOCRTMSG SIOCSARP SIOCSHWTSTAMP SIOCSIFBR SIOCSIFLINK SIOCSIFMEM SIOCSIFPFLAGS SIOCSIFVLAN SIOCSMIIREG SIOCSRARP
    SIOCWANDEV`,
};

const SHAPE_OF = new Map(
  Object.entries(ARGUMENTS).flatMap(([shape, names]) => names.split(/\s+/).map((name) => [name, shape] as const)),
);

export function describeDeviceControl([, request]: readonly number[]): string {
  const name = DEVICE_NAMES.deviceControl.nameOf(request);
  const shape = name === undefined ? undefined : SHAPE_OF.get(name);
  return `fd:fd cmd:request ${shape === '' ? '' : `arg:${shape ?? 'x'}`}`;
}

/** Requests of sound devices that have the same numbers (uapi/linux/soundcard.h). */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  TCSETS: 'SNDCTL_TMR_START',
  TCSETSW: 'SNDCTL_TMR_STOP',
  TCSETSF: 'SNDCTL_TMR_CONTINUE',
};

/** `TCGETS`; `_IOC(_IOC_READ, 0x54, 0x99, 0x4)` for a request that has no name here (uapi/asm-generic/ioctl.h). */
const request: Shape = ({ value }) => {
  const name = DEVICE_NAMES.deviceControl.nameOf(value);
  if (name !== undefined) return Object.hasOwn(OTHER_NAMES, name) ? `${OTHER_NAMES[name]} or ${name}` : name;
  const direction = value >>> 30;
  const parts = [...(direction & 2 ? ['_IOC_READ'] : []), ...(direction & 1 ? ['_IOC_WRITE'] : [])];
  const rest = [(value >>> 8) & 0xff, value & 0xff, (value >>> 16) & 0x3fff].map(hexOrZero);
  return `_IOC(${parts.join('|') || '_IOC_NONE'}, ${rest.join(', ')})`;
};

/** Fields of c_oflag that are not single bits, with their masks. */
const DELAYS: readonly (readonly [mask: number, names: NameTable])[] = [
  [0x100, DEVICE_NAMES.newlineDelay],
  [0x600, DEVICE_NAMES.returnDelay],
  [0x1800, DEVICE_NAMES.tabDelay],
  [0x2000, DEVICE_NAMES.backspaceDelay],
  [0x4000, DEVICE_NAMES.verticalDelay],
  [0x8000, DEVICE_NAMES.formDelay],
];
const CBAUD = 0x100f,
  CIBAUD = 0x100f0000,
  CSIZE = 0x30;

/** The four words of flags that struct termios begins with; struct termio has them as half words. */
function terminal(input: number, output: number, control: number, local: number): string {
  const delays = DELAYS.map(([mask, names]) => names.one(output & mask));
  const delayMask = DELAYS.reduce((sum, [mask]) => sum | mask, 0);
  const both = control & CIBAUD ? [`${DEVICE_NAMES.baud.one((control & CIBAUD) >>> 16)}<<IBSHIFT`] : [];
  const speed = [DEVICE_NAMES.baud.one(control & CBAUD), ...both, DEVICE_NAMES.characterSize.one(control & CSIZE)];
  return members(
    `c_iflag=${DEVICE_NAMES.terminalInput.flags(input)}`,
    `c_oflag=${[...delays, DEVICE_NAMES.terminalOutput.flags(output & ~delayMask)].join('|')}`,
    `c_cflag=${[...speed, DEVICE_NAMES.terminalControl.flags(control & ~(CBAUD | CIBAUD | CSIZE))].join('|')}`,
    `c_lflag=${DEVICE_NAMES.terminalLocal.flags(local)}`,
    '...',
  );
}

/** IFNAMSIZ, and the size of struct ifreq of i386. */
const NAME_SIZE = 16;
const REQUEST_SIZE = 32;

/** The member of struct ifreq that a request is about. */
function interfaceMember(name: string, f: Fields): string {
  const at = NAME_SIZE;
  const what = name.replace(/^SIOC(?:[GS]IF|ADD|DEL)/, '');
  switch (what) {
    case 'ADDR':
    case 'DSTADDR':
    case 'BRDADDR':
    case 'NETMASK': {
      const member = what === 'BRDADDR' ? 'broadaddr' : what.toLowerCase();
      return `ifr_${member}=${straceSockaddr(f.slice(at, 16))}`;
    }
    case 'HWADDR':
    case 'HWBROADCAST':
    case 'MULTI':
      return `ifr_hwaddr=${hardwareAddress(f)}`;
    case 'FLAGS':
      return `ifr_flags=${DEVICE_NAMES.interface.flags(f.u16(at))}`;
    case 'INDEX':
      return `ifr_ifindex=${f.s32(at)}`;
    case 'METRIC':
    case 'MTU':
      return `ifr_${what.toLowerCase()}=${f.s32(at)}`;
    case 'TXQLEN':
      return `ifr_qlen=${f.s32(at)}`;
    case 'SLAVE':
      return `ifr_slave=${f.text(at, NAME_SIZE)}`;
    case 'NAME':
      return name === 'SIOCSIFNAME' ? `ifr_newname=${f.text(at, NAME_SIZE)}` : `ifr_name=${f.text(0, NAME_SIZE)}`;
    default:
      return `ifr_map=${members(
        `mem_start=${hexOrZero(f.u32(at))}`,
        `mem_end=${hexOrZero(f.u32(at + 4))}`,
        `base_addr=${hexOrZero(f.u16(at + 8))}`,
        `irq=${hexOrZero(f.u8(at + 10))}`,
        `dma=${hexOrZero(f.u8(at + 11))}`,
        `port=${hexOrZero(f.u8(at + 12))}`,
      )}`;
  }
}

/** `{sa_family=ARPHRD_LOOPBACK, sa_data=00:00:00:00:00:00}`: as many bytes as addresses of the kind have. */
function hardwareAddress(f: Fields): string {
  const family = f.u16(NAME_SIZE);
  const name = DEVICE_NAMES.hardware.one(family);
  const ETHERNET_LIKE = ['ARPHRD_ETHER', 'ARPHRD_LOOPBACK', 'ARPHRD_IEEE802', 'ARPHRD_FDDI', 'ARPHRD_IEEE80211'];
  const bytes = f.slice(NAME_SIZE + 2, ETHERNET_LIKE.includes(name) ? 6 : 14);
  return `{sa_family=${name}, sa_data=${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')}}`;
}

/** What SIOCGIFCONF takes, and the interfaces that it leaves in the caller's buffer. */
const interfaces: Shape = ({ value, result, limit, read, before }) => {
  const header = new Fields(read(value >>> 0, 8));
  const [length, buffer] = [header.s32(0), header.u32(4)];
  const count = Math.floor(length / REQUEST_SIZE);
  const whole = length > 0 && length % REQUEST_SIZE === 0 ? ` /* ${count} * sizeof(struct ifreq) */` : '';
  const now = `${length}${whole}`;
  if (result === undefined) return `{ifc_len=${now}, ifc_buf=${pointer(buffer)}}`;
  // Without a buffer, the kernel tells only how large it would have to be.
  if (buffer === 0) return `{ifc_len=${now}, ifc_buf=NULL}`;
  const asked = /^\{ifc_len=(.*), ifc_buf/.exec(before ?? '')?.[1];
  const shown = Array.from({ length: Math.min(count, limit) }, (_, i) => {
    const f = new Fields(read(buffer + REQUEST_SIZE * i, REQUEST_SIZE));
    return `{ifr_name=${f.text(0, NAME_SIZE)}, ifr_addr=${straceSockaddr(f.slice(NAME_SIZE, 16))}}`;
  });
  return `{ifc_len=${asked === undefined || asked === now ? now : `${asked} => ${now}`}, ifc_buf=[${shown.join(', ')}${count > limit ? ', ...' : ''}]}`;
};

/** The request's name of a call that is being read. */
function nameOfRequest(words: readonly number[]): string {
  return DEVICE_NAMES.deviceControl.nameOf(words[1]) ?? hex(words[1]);
}

export const DEVICES: Readonly<Record<string, Shape>> = {
  request,
  termios: structure(36, (f) => terminal(f.u32(0), f.u32(4), f.u32(8), f.u32(12))),
  termio: structure(18, (f) => terminal(f.u16(0), f.u16(2), f.u16(4), f.u16(6))),
  windowSize: structure(8, (f) =>
    members(...['ws_row', 'ws_col', 'ws_xpixel', 'ws_ypixel'].map((name, i) => `${name}=${f.u16(2 * i)}`)),
  ),
  modem: structure(4, (f) => `[${DEVICE_NAMES.modem.flags(f.u32(0))}]`),
  character: structure(1, (f) => f.text(0, 1)),
  string16: structure(NAME_SIZE, (f) => f.text(0, NAME_SIZE)),
  interfaces,
  setInterface: structure(REQUEST_SIZE, (f, { words }) =>
    members(`ifr_name=${f.text(0, NAME_SIZE)}`, interfaceMember(nameOfRequest(words), f)),
  ),
  getInterface: structure(REQUEST_SIZE, (f, { words, result }) => {
    const name = nameOfRequest(words);
    const asked = name === 'SIOCGIFNAME' ? `ifr_ifindex=${f.s32(NAME_SIZE)}` : `ifr_name=${f.text(0, NAME_SIZE)}`;
    return members(asked, result === undefined ? undefined : interfaceMember(name, f));
  }),
};
