/** The kernels of the folders in $SOCKSCOPE_KERNELS (separated by colons), each with vmlinux, and sources/ or its build tree beside. */

import fs from 'node:fs';
import path from 'node:path';
import { exercise, optionsOf, type BuiltKernel } from './exercise';
import { exerciseReduced } from './reduced';

const given = (process.env.SOCKSCOPE_KERNELS ?? '').split(':').filter((folder) => folder !== '');
for (const folder of given) {
  const kept = path.join(folder, 'sources');
  const kernel = { folder, sources: fs.existsSync(kept) ? kept : folder };
  const options = optionsOf(kernel);
  const made = (): Promise<BuiltKernel> => Promise.resolve(kernel);
  if (options.has('CONFIG_DEBUG_INFO_REDUCED')) exerciseReduced(folder, made);
  else exercise(folder, made, { moments: true, ipv6: options.has('CONFIG_IPV6') });
}
