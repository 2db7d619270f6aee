/* SPDX-License-Identifier: MIT */
/* The names of errors: errno.def as a table. */
#include "kernel/lib/errno_name.h"

#include "abi/linux/errno.h"

static const struct {
    const char *name, *words;
} error[] = {
#define ERRNO(name, words) [name] = { #name, words },
#include "kernel/lib/errno.def"
};

const char *errno_name(int err)
{
    return err > 0 && (size_t)err < ARRAY_SIZE(error) ? error[err].name : NULL;
}

const char *errno_words(int err)
{
    return err > 0 && (size_t)err < ARRAY_SIZE(error) ? error[err].words : NULL;
}
