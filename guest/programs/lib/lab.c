#include "lab.h"

const char *lab_name;

static void usage(const struct lab_option *options, int fd)
{
	print_to(fd, "usage: %s [options]\n", lab_name);
	print_to(fd, "  --entry=WAY     way into the kernel: int80 (default), sysenter or direct\n");
	for (; options->name; options++) {
		char left[32];

		format(left, sizeof(left), "--%s%s", options->name, options->number ? "=N" : options->text ? "=TEXT" : "");
		print_to(fd, "  %-15s %s\n", left, options->help);
	}
}

static void wrong_option(const char *argument, const struct lab_option *options)
{
	print_to(STDERR, "%s: bad option %s\n", lab_name, argument);
	usage(options, STDERR);
	exit(EXIT_USAGE);
}

static void use_entry(const char *way)
{
	const char *problem = choose_entry(way);

	if (!problem)
		return;
	print_to(STDERR, "%s: --entry=%s: %s\n", lab_name, way, problem);
	exit(strcmp(way, "sysenter") == 0 ? EXIT_NOT_OFFERED : EXIT_USAGE);
}

/* The text after "--name=", or NULL if the argument is another option. */
static const char *value_of(const char *argument, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(argument + 2, name, length) != 0 || argument[2 + length] != '=')
		return NULL;
	return argument + 3 + length;
}

static bool take_option(const char *argument, const struct lab_option *option)
{
	const char *value = value_of(argument, option->name);

	if (option->flag && strcmp(argument + 2, option->name) == 0)
		return *option->flag = true;
	if (option->number && value)
		return parse_number(value, option->number);
	if (option->text && value) {
		*option->text = value;
		return true;
	}
	return false;
}

void lab_start(int argc, char **argv, const struct lab_option *options)
{
	lab_name = argc > 0 ? argv[0] : "?";
	for (const char *slash; (slash = strchr(lab_name, '/')) != NULL;)
		lab_name = slash + 1;

	for (int i = 1; i < argc; i++) {
		const struct lab_option *option = options;

		if (strncmp(argv[i], "--", 2) != 0)
			wrong_option(argv[i], options);
		if (strcmp(argv[i], "--help") == 0) {
			usage(options, STDOUT);
			exit(EXIT_OK);
		}
		if (value_of(argv[i], "entry")) {
			use_entry(value_of(argv[i], "entry"));
			continue;
		}
		while (option->name && !take_option(argv[i], option))
			option++;
		if (!option->name)
			wrong_option(argv[i], options);
	}
}

long check(long result, const char *what)
{
	if (result != -1)
		return result;
	print_to(STDERR, "%s: %s: %s\n", lab_name, what, error_text(errno));
	exit(EXIT_FAILED);
}

void expect(bool condition, const char *otherwise)
{
	if (condition)
		return;
	print_to(STDERR, "%s: %s\n", lab_name, otherwise);
	exit(EXIT_FAILED);
}

struct sockaddr_in loopback(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = htonl(INADDR_LOOPBACK)};

	return address;
}

const char *address_text(const struct sockaddr_in *address, char *buffer)
{
	const unsigned char *part = (const unsigned char *)&address->sin_addr;

	format(buffer, ADDRESS_TEXT, "%d.%d.%d.%d:%d", part[0], part[1], part[2], part[3], ntohs(address->sin_port));
	return buffer;
}

struct tcp_pair connected_pair(void)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	struct tcp_pair pair;
	int listener = check(socket(AF_INET, SOCK_STREAM, 0), "socket");

	check(bind(listener, &address, sizeof(address)), "bind");
	check(listen(listener, 1), "listen");
	check(getsockname(listener, &address, &length), "getsockname");
	pair.client = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(connect(pair.client, &address, sizeof(address)), "connect");
	pair.server = check(accept(listener, NULL, NULL), "accept");
	check(close(listener), "close");
	return pair;
}
