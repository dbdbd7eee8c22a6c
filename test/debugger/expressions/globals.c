/* Globals of every kind for the comparison of our expressions with gdb's. Compiled at test time, never run. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

enum colour { RED, GREEN = 5, BLUE };
enum flags { F_A = 1, F_B = 2, F_C = 4 };

struct point { int x, y; };
struct bits { unsigned a : 3; int b : 5; unsigned long long c : 40; u8 d : 1; };
struct inner { short s; union { int i; float f; struct { u8 lo, hi; }; }; };
struct list { struct list *next; int value; char name[8]; };
struct ops { int (*add)(int, int); const char *name; };
struct outer { struct inner in[3]; struct point *p; struct list links; enum colour c; };

int add(int a, int b) { return a + b; }

int i = -42;
unsigned u = 0xdeadbeef;
short sh = -3;
u8 byte = 200;
char ch = 'A';
signed char sc = -1;
long long ll = -1234567890123LL;
u64 ull = 0xfedcba9876543210ULL;
_Bool yes = 1, no = 0;
float f = 1.5f;
double d = -2.25;
long double ld = 3.75L;
enum colour colour = BLUE;
enum flags flags = F_A | F_C;
struct point pt = { 3, -4 };
struct point pts[4] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } };
struct bits bits = { 5, -7, 0x123456789aULL, 1 };
struct list second = { 0, 22, "second" };
struct list first = { &second, 11, "first" };
struct ops ops = { add, "adder" };
struct outer outer = { { { 1, { 0x01020304 } }, { 2, { 5 } }, { 3, { 6 } } }, &pts[2], { &first, 33, "links" }, GREEN };
int matrix[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
char text[16] = "hello";
const char *message = "a \"quoted\"\tmessage\n";
int *ip = &matrix[1][2];
void *vp = &pt;
int (*fp)(int, int) = add;
struct list *null = 0;
static int hidden = 77;
volatile const int cv = 9;
int *uses(void) { return &hidden; }
