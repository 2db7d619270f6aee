/* SPDX-License-Identifier: MIT */
/* SIGIO for files with O_ASYNC: fills in file_signal_ops. */
#pragma once

void sigio_init(void);
