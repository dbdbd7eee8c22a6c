import { ensureNewerKernel } from '../../guest/build/guest.mjs';
import { exercise } from './exercise';

exercise('Linux 6.12 beside the built-in 6.1', ensureNewerKernel);
