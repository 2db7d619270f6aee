/* SPDX-License-Identifier: MIT */
/*
 * What the command says on stderr: one line each, "<argv[0]>: error: <message>".  Control
 * characters, which a file's name may contain, are printed as '?', so that one message is one line
 * and no terminal obeys it.
 */
#pragma once

/* Remember argv[0], which every message starts with. */
void message_init(const char *argv0);
const char *message_program(void);

/* Print an error.  Returns 1, the exit status of a command that failed. */
int message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

void message_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
