import { ensureOtherKernel } from '../../guest/build/guest.mjs';
import { NEWER_KERNEL } from '../../guest/build/kernel.mjs';
import { exercise } from './exercise';

exercise('Linux 6.12 beside the built-in 6.1', () => ensureOtherKernel(NEWER_KERNEL), { moments: true });
