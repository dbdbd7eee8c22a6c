/** What is run with Debian's busybox, in the guest and on this host: the same commands, one after another. */

/** A file that is there before the first step. */
export interface Prepared {
  readonly path: string;
  readonly text: string;
}

export interface Step {
  /** File name of what is run; busybox unless given. */
  readonly program?: string;
  /** Applet and its arguments, or another program's arguments. */
  readonly words: readonly string[];
  /** Standard input; /dev/null unless given. Standard output goes to a file in any case. */
  readonly input?: string;
  /** It goes on while the next steps run; they begin when this port is bound. It ends by itself, or at the end. */
  readonly background?: { readonly port: number; readonly endsBySignal: boolean };
}

export const FOLDERS = ['/tmp/www'];
export const FILES: readonly Prepared[] = [
  { path: '/tmp/www/file', text: 'served by httpd' },
  { path: '/tmp/in', text: 'sent by nc' },
];
/** The program of a step and what follows it. */
export const commandOf = ({ program = 'busybox', words }: Step): readonly string[] => [program, ...words];
/** How the execve of a step is shown, up to its environment. */
export const beginningOf = (step: Step): string => {
  const words = commandOf(step).map((word) => `"${word}"`);
  return `execve("/bin/${commandOf(step)[0]}", [${words.join(', ')}]`;
};
/** Standard output of step n, where the steps themselves do not write. */
export const outputOf = (step: number): string => `/tmp/out${step}`;

const step = (command: string, more: Omit<Step, 'words'> = {}): Step => ({ words: command.split(' '), ...more });

/** The programs that the issue names, and a server for each. Servers get an address, because the guest has no IPv6 and the host has. */
export const NETWORK: readonly Step[] = [
  step('ping -c 2 127.0.0.1'),
  step('httpd -f -p 127.0.0.1:8080 -h /tmp/www', { background: { port: 8080, endsBySignal: true } }),
  step('wget -q -O /tmp/got http://127.0.0.1:8080/file'),
  step('wget -q -O /tmp/got http://127.0.0.1:8080/missing'),
  step('netstat -tln'),
  step('netstat -xln'),
  // wc answers when everything has arrived: what an echo would overtake is left to no race.
  step('nc -l -p 5555 -e /bin/busybox wc', { background: { port: 5555, endsBySignal: false } }),
  step('nc 127.0.0.1 5555', { input: '/tmp/in' }),
  step('nc 127.0.0.1 9', { input: '/tmp/in' }),
  step('telnet 127.0.0.1 9'),
  step('traceroute -n -q 1 -m 2 127.0.0.1'),
  step('ifconfig lo'),
  step('route -n'),
  step('arp -n'),
  step('arping -c 1 -I lo 127.0.0.1'),
  step('ftpget 127.0.0.1 /tmp/got file'),
  step('rdate 127.0.0.1'),
  step('logger hello'),
  step('udhcpc -f -n -q -t 1 -T 1 -i lo -s /bin/busybox'),
];

/** Programs that have little to do with sockets, for the calls that they make. */
export const OTHERS: readonly Step[] = [
  step('ls -l /tmp/www'),
  step('cat /tmp/www/file'),
  step('cp /tmp/www/file /tmp/copy'),
  step('touch /tmp/touched'),
  step('touch -t 202601020304.05 /tmp/touched'),
  step('chmod 640 /tmp/copy'),
  step('chown 1:2 /tmp/copy'),
  step('stat -c %n:%a:%s:%U /tmp/copy'),
  step('ln -s copy /tmp/link'),
  step('readlink /tmp/link'),
  step('mv /tmp/link /tmp/moved'),
  step('mkdir /tmp/a /tmp/a/b'),
  step('rmdir /tmp/a/b'),
  step('rm -r /tmp/a /tmp/moved'),
  step('mkfifo /tmp/fifo'),
  step('find /tmp/www'),
  step('du /tmp/www'),
  step('dd if=/dev/zero of=/tmp/zeros bs=16 count=2'),
  step('truncate -s 5 /tmp/zeros'),
  step('wc /tmp/www/file'),
  step('sort /tmp/www/file'),
  step('sed s/httpd/sed/ /tmp/www/file'),
  step('grep -c served /tmp/www/file'),
  step('md5sum /tmp/www/file'),
  step('tail -n 1 /tmp/www/file'),
  step('id'),
  step('uname'),
  step('hostname'),
  step('env'),
  step('pwd'),
  step('usleep 1000'),
  step('nice -n 5 busybox true'),
  step('kill -0 1'),
  step('timeout 5 busybox true'),
  step('sync'),
  step('sh -c exit'),
  step('sleep 1'),
];
