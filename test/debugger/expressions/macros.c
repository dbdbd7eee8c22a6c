/* Members that are macros for members of a common part, as in the kernel's include/net/sock.h: gdb knows them by -g3. */
struct proto {
	int number;
};

struct sock_common {
	unsigned short skc_family;
	unsigned char skc_reuse : 4;
	unsigned char skc_ipv6only : 1;
	struct proto *skc_prot;
	union {
		unsigned skc_hash;
		unsigned short skc_u16hashes[2];
	};
};

struct sock {
	int before;
	struct sock_common __sk_common;
#define sk_family __sk_common.skc_family
#define sk_reuse	__sk_common.skc_reuse
#define sk_ipv6only __sk_common.skc_ipv6only
#define sk_prot		__sk_common.skc_prot
#define sk_hash __sk_common.skc_hash /* of an unnamed union */
#define sk_backlog_len sk_backlog.len
	struct {
		int len;
	} sk_backlog;
};

struct inet_sock {
	struct sock sk;
#define inet_hash sk.__sk_common.skc_hash
#define inet_family sk.sk_family
	int after;
};

struct proto tcp = {6};
struct inet_sock socket = {
	.sk = {.before = 1,
	       .__sk_common = {.skc_family = 2, .skc_reuse = 5, .skc_ipv6only = 1, .skc_prot = &tcp, .skc_hash = 0x12345678},
	       .sk_backlog = {77}},
	.after = 9};
struct sock *sk = &socket.sk;
struct inet_sock *inet = &socket;

void uses(void)
{
}
