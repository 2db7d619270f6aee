/* SPDX-License-Identifier: MIT */
/*
 * Messages.  A line is put together first and written at once, so that lines of several processes
 * do not mix.
 */
#include "tools/myst/message.h"
#include "tools/myst/cleanup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *program = "myst";

void message_init(const char *argv0)
{
    program = argv0;
}

const char *message_program(void)
{
    return program;
}

static void message_print(const char *kind, const char *format, va_list args)
{
    AUTO(freep) char *text = NULL;

    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
        fprintf(stderr, "%s: %s: no memory for the message\n", program, kind);
        return;
    }
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        if (*c < ' ' || *c == 0x7f)
            *c = '?';
    }
    fprintf(stderr, "%s: %s: %s\n", program, kind, text);
}

int message_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    message_print("error", format, args);
    va_end(args);
    return 1;
}

void message_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    message_print("warning", format, args);
    va_end(args);
}
