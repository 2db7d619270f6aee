/* SPDX-License-Identifier: MIT */
/* poll(2) and epoll(7). */
#pragma once
#include <linux/poll.h>
#include <linux/eventpoll.h>
