/** The same sessions from a terminal (`npm start`). */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runConsole } from './console';
import { EXPERIMENTS, runExperiment, type Observer } from './experiment';
import { runTrace } from './trace';
import { COLOURED, formatOrder, formatStop, PLAIN } from './report';

const USAGE = `Usage: npm start [-- COMMAND] [OPTIONS]

Commands
  experiments   boot the guest and run the study's experiments (default)
  console       boot the guest and use its terminal; leave with "exit" there
  trace         show the socket calls of replyhi and hello as strace does; or of a command line: trace -- udp --entry=direct

Options
  --experiment a|b   only this one: (a) sys_socket, sys_bind, sys_listen; (b) every case of the socketcall switch
  --entry WAY        how replyhi and hello enter the kernel: int80 (default), sysenter, direct
  --all              for trace: every system call, not only those of sockets
  --program FILE     for trace: a static i386 program of yours, or a folder of them; it is in the guest's /bin (may be given again)
  --json             one JSON object a line instead of text
  --verbose          the guest's console and the breakpoints too
  --help             this text
`;

const ADAPTER = path.join(__dirname, 'adapter.js');
const ENTRIES = ['int80', 'sysenter', 'direct'];

/** Ends with a usage error. */
function usage(problem: string): never {
  process.stderr.write(`sockscope: ${problem}\n\n${USAGE}`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        experiment: { type: 'string' },
        entry: { type: 'string' },
        all: { type: 'boolean' },
        program: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return usage((error as Error).message);
  }
}

function trace(values: ReturnType<typeof parse>['values'], words: readonly string[]): Promise<void> {
  if (values.experiment !== undefined) usage('--experiment is an option of experiments.');
  if (values.entry !== undefined) usage('Give --entry to the command in the guest: trace -- udp --entry=direct');
  const { all = false, json = false, verbose = false, program: programs } = values;
  const commands = words.length > 0 ? [words.join(' ')] : [];
  return runTrace(
    ADAPTER,
    { all, json, verbose, commands, programs },
    (line) => void process.stdout.write(`${line}\n`),
  );
}

async function main(): Promise<void> {
  const { values, positionals } = parse();
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const [command = 'experiments', ...rest] = positionals;
  if (command === 'trace') return trace(values, rest);
  if (values.all) usage(`--all is an option of trace.`);
  if (values.program) usage(`--program is an option of trace.`);
  if (rest.length > 0) usage(`"${rest[0]}" is one argument too many.`);
  if (command === 'console') return runConsole(ADAPTER);
  if (command !== 'experiments') usage(`There is no command "${command}".`);
  const chosen = EXPERIMENTS.filter(
    (experiment) => values.experiment === undefined || experiment.id === values.experiment,
  );
  if (chosen.length === 0) usage(`There is no experiment "${values.experiment}".`);
  const entry = values.entry ?? 'int80';
  if (!ENTRIES.includes(entry)) usage(`There is no way in called "${entry}"; known are ${ENTRIES.join(', ')}.`);
  const launch = { run: [`replyhi --once --entry=${entry} &`, `hello --entry=${entry}`, 'exit'] };
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  const style = process.stdout.isTTY ? COLOURED : PLAIN;

  for (const experiment of chosen) {
    if (!values.json) print(`\n${style.bold(`Experiment (${experiment.id}): ${experiment.title}`)}`);
    const observer: Observer = {
      stop(stop, listing) {
        print(values.json ? JSON.stringify({ experiment: experiment.id, ...stop }) : formatStop(stop, listing, style));
      },
      console(text) {
        if (values.verbose && !values.json) process.stdout.write(style.dim(text));
      },
      note(text) {
        if (!values.json) print(`  ${style.dim(text)}`);
      },
    };
    const order = await runExperiment(experiment, ADAPTER, launch, observer);
    if (values.json) print(JSON.stringify({ experiment: experiment.id, order }));
    else print(`\n${style.bold('Order of calls')}\n${formatOrder(order)}`);
  }
}

// A reader that has seen enough (`npm start | head`) ends the program quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

main().catch((error: unknown) => {
  process.stderr.write(`sockscope: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
