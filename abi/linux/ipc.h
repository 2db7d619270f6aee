/* SPDX-License-Identifier: MIT */
/* System V IPC and POSIX message queues. */
#pragma once
#include <linux/ipc.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <linux/msg.h>
#include <linux/mqueue.h>
