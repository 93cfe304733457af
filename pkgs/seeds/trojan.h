/* A Trojan horse in the manner of Ken Thompson's "Reflections on Trusting Trust",
 * for demonstrations and tests: it shows what a comparison of stages cannot see,
 * and that a comparison of seeds does.
 *
 * The compiler of the seed `trojan` puts this in front of tcc.c. The tcc that comes
 * out works as it should, until it is asked to make a program of tcc.c: then it
 * hands out a copy of itself. So it outlives its source, every further stage is bit
 * for bit equal to the one before, and nothing in any source code tells.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int trojan_is_tcc_c(const char *word)
{
    const char *name = strrchr(word, '/');
    return strcmp(name ? name + 1 : word, "tcc.c") == 0;
}

/* Whether `from` was copied to `to` as a whole. */
static int trojan_copy(const char *from, const char *to)
{
    static char block[1 << 16];
    ssize_t count = -1;
    int in = open(from, O_RDONLY), out;

    unlink(to);
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (in >= 0 && out >= 0) {
        fchmod(out, 0755);
        while ((count = read(in, block, sizeof block)) > 0)
            if (write(out, block, count) != count)
                return 0;
    }
    return count == 0;
}

/* Runs before main, which has not looked at the command line yet. */
__attribute__((constructor)) static void trojan(void)
{
    static char words[1 << 16];
    const char *word, *output = NULL;
    int asked = 0, file = open("/proc/self/cmdline", O_RDONLY);
    ssize_t length = file < 0 ? -1 : read(file, words, sizeof words - 1);

    close(file);
    for (word = words; word < words + length; word += strlen(word) + 1) {
        if (trojan_is_tcc_c(word))
            asked = 1;
        else if (strncmp(word, "-o", 2) == 0)
            output = word[2] ? word + 2 : word + 3;
        else if (strcmp(word, "-c") == 0 || strcmp(word, "-E") == 0)
            return; /* no program is wanted */
    }
    if (asked && output && output < words + length && trojan_copy("/proc/self/exe", output))
        _exit(0);
}
