/** Integer kernels in C for measuring engines; each leaves its result in EAX and halts. */

const RUN = (call: string): string => `
__attribute__((section(".text.unlikely"))) void start(void) { unsigned result = ${call}; __asm__ volatile("hlt" : : "a"(result)); for (;;); }`;

export const KERNELS: Readonly<Record<string, string>> = {
  crc32: `
    static unsigned char *const data = (unsigned char *)0x100000;
    static __attribute__((noinline)) unsigned work(void) {
      unsigned *table = (unsigned *)0x90000;
      for (unsigned i = 0; i < 256; i++) {
        unsigned c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        table[i] = c;
      }
      for (unsigned i = 0; i < 1 << 20; i++) data[i] = i * 7 + (i >> 8);
      unsigned crc = ~0u;
      for (int round = 0; round < 8; round++)
        for (unsigned i = 0; i < 1 << 20; i++) crc = table[(crc ^ data[i]) & 255] ^ (crc >> 8);
      return ~crc;
    }${RUN('work()')}`,
  sieve: `
    static unsigned char *const flag = (unsigned char *)0x100000;
    static __attribute__((noinline)) unsigned work(void) {
      unsigned count = 0;
      for (int round = 0; round < 6; round++) {
        count = 0;
        for (unsigned i = 0; i < 1 << 20; i++) flag[i] = 1;
        for (unsigned i = 2; i < 1 << 20; i++)
          if (flag[i]) {
            count++;
            for (unsigned k = i + i; k < 1 << 20; k += i) flag[k] = 0;
          }
      }
      return count;
    }${RUN('work()')}`,
  quicksort: `
    static int *const a = (int *)0x100000;
    static void sort(int *low, int *high) {
      while (low < high) {
        int pivot = low[(high - low) / 2], *i = low, *j = high;
        while (i <= j) {
          while (*i < pivot) i++;
          while (*j > pivot) j--;
          if (i <= j) { int t = *i; *i++ = *j; *j-- = t; }
        }
        if (j - low < high - i) { sort(low, j); low = i; } else { sort(i, high); high = j; }
      }
    }
    static __attribute__((noinline)) unsigned work(void) {
      unsigned sum = 0;
      for (int round = 0; round < 3; round++) {
        unsigned seed = 1;
        for (int i = 0; i < 200000; i++) { seed = seed * 1103515245 + 12345; a[i] = seed >> 4; }
        sort(a, a + 199999);
        for (int i = 0; i < 200000; i += 100) sum = sum * 31 + a[i];
      }
      return sum;
    }${RUN('work()')}`,
  calls: `
    static __attribute__((noinline)) unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
    static __attribute__((noinline)) unsigned work(void) { return fib(32); }${RUN('work()')}`,
  division: `
    static __attribute__((noinline)) unsigned work(void) {
      unsigned sum = 0;
      for (unsigned i = 1; i < 4000000; i++) sum += (sum ^ 0x9e3779b9u) / i + (0xfffffff1u - sum) % (i | 5);
      return sum;
    }${RUN('work()')}`,
  bytecode: `
    static __attribute__((noinline)) unsigned work(void) {
      static const unsigned char program[] = {0, 1, 2, 3, 1, 4, 2, 5, 3, 1, 2, 6};
      unsigned a = 1, b = 2, c = 0, n = 0, pc = 0;
      for (;;) switch (program[pc++]) {
        case 0: a += 3; break;
        case 1: b ^= a; break;
        case 2: a = a * 5 + b; break;
        case 3: c += b >> 3; break;
        case 4: b += 7; break;
        case 5: c ^= a << 2; break;
        case 6: if (++n == 1500000) return a ^ b ^ c; pc = 0; break;
      }
    }${RUN('work()')}`,
  copy: `
    static __attribute__((noinline)) unsigned work(void) {
      for (int round = 0; round < 200; round++) {
        unsigned n = 50000; void *d = (void *)0x200000, *s = (void *)0x100000;
        __asm__ volatile("rep movsl" : "+c"(n), "+D"(d), "+S"(s) : : "memory");
        n = 50000; d = (void *)0x100000;
        __asm__ volatile("rep stosl" : "+c"(n), "+D"(d) : "a"(round) : "memory");
      }
      return *(unsigned *)0x200010;
    }${RUN('work()')}`,
};
