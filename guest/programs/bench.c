/* bench: integer work without system calls, for measuring the machine; prints a checksum. */
#include "lab.h"

enum { NUMBERS = 2048 };

static int iterations = 100;
static uint32_t numbers[NUMBERS];

static const struct lab_option options[] = {
	{.name = "iterations", .help = "rounds of work (100)", .number = &iterations},
	{0},
};

/* xorshift (Marsaglia): the next pseudo-random number. */
static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void sort(uint32_t *array, int low, int high)
{
	while (low < high) {
		uint32_t pivot = array[low + (high - low) / 2];
		int i = low, j = high;

		while (i <= j) {
			while (array[i] < pivot)
				i++;
			while (array[j] > pivot)
				j--;
			if (i <= j) {
				uint32_t swap = array[i];

				array[i++] = array[j];
				array[j--] = swap;
			}
		}
		sort(array, low, j);
		low = i;
	}
}

/* CRC-32 (polynomial 0xedb88320), bit by bit. */
static uint32_t crc(uint32_t sum, uint32_t word)
{
	sum ^= word;
	for (int bit = 0; bit < 32; bit++)
		sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
	return sum;
}

int main(int argc, char **argv)
{
	uint32_t state = 2463534242u, sum = 0;

	lab_start(argc, argv, options);
	for (int i = 0; i < iterations; i++) {
		for (int k = 0; k < NUMBERS; k++)
			numbers[k] = next(&state);
		sort(numbers, 0, NUMBERS - 1);
		for (int k = 0; k < NUMBERS; k++)
			sum = crc(sum, numbers[k] / (uint32_t)(k + 1));
	}
	print("bench: %d iterations, checksum %08lx\n", iterations, (unsigned long)sum);
	return EXIT_OK;
}
