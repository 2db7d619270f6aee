/* SPDX-License-Identifier: MIT */
/* covers: refused */
/*
 * Calls that libraries probe for and can do without: each row of the kernel's table that names an
 * error is answered with it, whatever the arguments.
 */
#include "tests/sys/sys.h"

struct refusal {
    long nr;
    const char *name;
    int err;
};

#define ROW_FULL(nr, name)
#define ROW_PARTIAL(nr, name)
#define ROW_STUB(nr, name)
#define ROW_NONE(nr, name)
#define ROW_ENOSYS(nr, name)     { nr, name, ENOSYS },
#define ROW_EPERM(nr, name)      { nr, name, EPERM },
#define ROW_EINVAL(nr, name)     { nr, name, EINVAL },
#define ROW_ENOSPC(nr, name)     { nr, name, ENOSPC },
#define ROW_EOPNOTSUPP(nr, name) { nr, name, EOPNOTSUPP },

static const struct refusal refusals[] = {
#define SYS(groups, nr, name, word, ...) ROW_##word(nr, #name)
#include "kernel/syscall/table.def"
#undef SYS
};

static void check_all(long arg)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct refusal *r = &refusals[i];
        long ret = syscall(r->nr, arg, arg, arg, arg, arg, arg);

        if (ret != -1 || errno != r->err)
            check_failed(__FILE__, __LINE__, "%s: %ld with errno %d, not %d", r->name, ret, errno,
                         r->err);
    }
}

TEST(refused_calls_answer_with_their_error)
{
    check_all(0);
}

TEST(refused_calls_do_not_look_at_their_arguments)
{
    check_all(-1);
    check_all((long)BAD_POINTER);
}
