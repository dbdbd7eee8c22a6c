/*
 * Runs single x87 instructions on the host's own FPU, for comparison with ours.
 *
 * Reads 256-byte cases from standard input and writes one 256-byte answer for each:
 *   case:   0 length of the code   4 code (12 bytes)   16 FNSAVE image, 32-bit protected-mode form (108 bytes)
 *           124 EFLAGS   128 EAX   144 memory operand, addressed by the code as [ebx] (112 bytes)
 *   answer: 0 signal that ended the instruction, or 0   16 FNSAVE image afterwards   124 EFLAGS   128 EAX
 *           144 memory operand
 * In both images FIP is relative to the code and FDP to the operand.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct record {
  uint32_t head;
  uint8_t code[12];
  uint8_t image[108];
  uint32_t eflags;
  uint32_t eax;
  uint32_t unused[3];
  uint8_t operand[112];
};

static struct record now;
static uint8_t *page;
static sigjmp_buf back;

void run(struct record *record, uint8_t *code, uint8_t *operand);
__asm__(".text\n"
        "run: push %ebp; push %ebx; push %esi; push %edi\n"
        "mov 20(%esp),%esi; mov 24(%esp),%edi; mov 28(%esp),%ebx\n"
        "frstor 16(%esi)\n"
        "mov 128(%esi),%eax\n"
        "push 124(%esi); popf\n"
        "call *%edi\n"
        "pushf; pop 124(%esi)\n"
        "cld\n"
        "mov %eax,128(%esi)\n"
        "fnsave 16(%esi)\n"
        "pop %edi; pop %esi; pop %ebx; pop %ebp; ret\n");

static void on_signal(int number) { siglongjmp(back, number); }

int main(void) {
  static uint8_t operand[112] __attribute__((aligned(16)));
  static uint8_t stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER};
  sigaltstack(&alternate, 0);
  sigaction(SIGILL, &action, 0);
  sigaction(SIGFPE, &action, 0);
  sigaction(SIGSEGV, &action, 0);
  page = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return 1;
  while (fread(&now, sizeof now, 1, stdin) == 1) {
    memcpy(page, now.code, now.head);
    page[now.head] = 0xc3;
    memcpy(operand, now.operand, sizeof operand);
    uint32_t fip, fdp;
    memcpy(&fip, now.image + 12, 4);
    memcpy(&fdp, now.image + 20, 4);
    fip += (uintptr_t)page;
    fdp += (uintptr_t)operand;
    memcpy(now.image + 12, &fip, 4);
    memcpy(now.image + 20, &fdp, 4);
    int number = sigsetjmp(back, 1);
    if (number == 0) run(&now, page, operand);
    __asm__ volatile("fninit");
    now.head = number;
    memcpy(now.operand, operand, sizeof operand);
    memcpy(&fip, now.image + 12, 4);
    memcpy(&fdp, now.image + 20, 4);
    fip -= (uintptr_t)page;
    fdp -= (uintptr_t)operand;
    memcpy(now.image + 12, &fip, 4);
    memcpy(now.image + 20, &fdp, 4);
    fwrite(&now, sizeof now, 1, stdout);
  }
  return 0;
}
