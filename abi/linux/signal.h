/* SPDX-License-Identifier: MIT */
/* Signals, siginfo and the frame a handler sees. */
#pragma once
#include <linux/signal.h>
#include <asm/signal.h>
#include <asm/siginfo.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <linux/signalfd.h>
