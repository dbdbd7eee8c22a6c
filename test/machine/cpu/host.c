/*
 * Runs snippets of 32-bit code on this host's own processor and records what they did: registers, flags, memory, or the fault that ended them.
 *
 *   host CASES RESULTS
 *
 * CASES holds records of struct test, RESULTS gets one struct result for each. Code, data and stack live at fixed addresses, so that an emulator can
 * put the same bytes at the same places.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define CODE 0x20000000u
#define DATA 0x30000000u
#define STACK 0x30010000u
#define WINDOW 0x800u
#define DATA_SIZE 128
#define STACK_SIZE 192
#define CODE_SIZE 64

struct test {
    uint8_t code[CODE_SIZE];
    uint32_t length;
    uint32_t eflags;
    uint32_t gpr[8];
    uint8_t data[DATA_SIZE];
    uint8_t stack[STACK_SIZE];
};

struct result {
    uint32_t vector; /* of the fault, or ~0 */
    uint32_t eip;    /* where it happened, relative to CODE */
    uint32_t eflags;
    uint32_t gpr[8];
    uint8_t data[DATA_SIZE];
    uint8_t stack[STACK_SIZE];
};

/* Shared with the assembly below. */
uint32_t guest[8], guest_flags, host_esp, target;
static struct result *current;

void enter(void);
void leave_label(void);
void resume_label(void);

/* General registers are loaded and stored with MOV, which changes no flags. */
__asm__(
    ".text\n.globl enter\nenter:\n"
    "  pushal\n"
    "  movl %esp, host_esp\n"
    "  pushl guest_flags\n  popfl\n"
    "  movl guest+0, %eax\n  movl guest+4, %ecx\n  movl guest+8, %edx\n  movl guest+12, %ebx\n"
    "  movl guest+20, %ebp\n  movl guest+24, %esi\n  movl guest+28, %edi\n  movl guest+16, %esp\n"
    "  jmp *target\n"
    ".globl leave_label\nleave_label:\n"
    "  movl %eax, guest+0\n  movl %ecx, guest+4\n  movl %edx, guest+8\n  movl %ebx, guest+12\n"
    "  movl %esp, guest+16\n  movl %ebp, guest+20\n  movl %esi, guest+24\n  movl %edi, guest+28\n"
    "  movl host_esp, %esp\n"
    "  pushfl\n  popl guest_flags\n"
    ".globl resume_label\nresume_label:\n"
    "  cld\n"
    "  popal\n"
    "  ret\n");

static void on_signal(int number, siginfo_t *info, void *context) {
    static const int order[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)info;
    current->vector = (uint32_t)r[REG_TRAPNO];
    current->eip = (uint32_t)r[REG_EIP] - CODE;
    /* A signal that is not from the code under test is a failure of this program. */
    if (number == SIGALRM || current->eip > 0x1000) {
        fprintf(stderr, "host: signal %d at %#x\n", number, (unsigned)r[REG_EIP]);
        _Exit(2);
    }
    for (int i = 0; i < 8; i++) guest[i] = (uint32_t)r[order[i]];
    guest_flags = (uint32_t)r[REG_EFL];
    r[REG_ESP] = (greg_t)host_esp;
    r[REG_EIP] = (greg_t)(uintptr_t)resume_label;
    r[REG_EFL] = 0x202;
}

static void *fixed(uint32_t address) {
    void *p = mmap((void *)(uintptr_t)address, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (p == MAP_FAILED) {
        perror("host: mmap");
        exit(2);
    }
    return p;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
    if (!in || !out) {
        perror("host");
        return 2;
    }
    uint8_t *code = fixed(CODE), *data = fixed(DATA), *stack = fixed(STACK);
    static char alternate[65536];
    stack_t ss = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&ss, NULL);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    int signals[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGTRAP};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);

    struct test test;
    struct result result;
    target = CODE;
    while (fread(&test, sizeof test, 1, in) == 1) {
        memcpy(code, test.code, test.length);
        /* jmp leave_label */
        code[test.length] = 0xe9;
        uint32_t distance = (uint32_t)(uintptr_t)leave_label - (CODE + test.length + 5);
        memcpy(code + test.length + 1, &distance, 4);
        memcpy(data + WINDOW, test.data, DATA_SIZE);
        memcpy(stack + WINDOW, test.stack, STACK_SIZE);
        memcpy(guest, test.gpr, sizeof guest);
        guest_flags = test.eflags;
        memset(&result, 0, sizeof result);
        result.vector = ~0u;
        result.eip = test.length;
        current = &result;
        enter();
        result.eflags = guest_flags;
        memcpy(result.gpr, guest, sizeof guest);
        memcpy(result.data, data + WINDOW, DATA_SIZE);
        memcpy(result.stack, stack + WINDOW, STACK_SIZE);
        if (fwrite(&result, sizeof result, 1, out) != 1) {
            perror("host: write");
            return 2;
        }
    }
    return fclose(out) == 0 ? 0 : 2;
}
