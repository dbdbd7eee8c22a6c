/* crash: writes through a null pointer, to see a fault in user mode. */
#include "lab.h"

static const struct lab_option options[] = {{0}};

static void write_to(volatile int *where)
{
	*where = 1;
}

int main(int argc, char **argv)
{
	lab_start(argc, argv, options);
	print("crash: writing to address 0\n");
	write_to(NULL);
	return EXIT_OK;
}
