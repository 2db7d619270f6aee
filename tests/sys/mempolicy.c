/* SPDX-License-Identifier: MIT */
/* covers: mbind set_mempolicy get_mempolicy */
/*
 * Memory policies, as far as they can be seen on a machine with one node.
 */
#include "tests/sys/sys.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { NODE_BITS = 64 };

TEST(default_policy_is_reported)
{
    int mode = -1;

    CHECK_EQ(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0), 0);
    CHECK_EQ(mode, MPOL_DEFAULT);
}

TEST(node_zero_is_allowed)
{
    unsigned long nodes[16] = { 0 };

    CHECK_EQ(syscall(SYS_get_mempolicy, NULL, nodes, sizeof(nodes) * 8, NULL, MPOL_F_MEMS_ALLOWED),
             0);
    CHECK_EQ(nodes[0] & 1, 1);
}

TEST(policies_are_checked)
{
    unsigned long node0 = 1, node63 = 1ul << 62;

    CHECK_EQ(syscall(SYS_set_mempolicy, MPOL_BIND, &node0, NODE_BITS), 0);
    CHECK_EQ(syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0), 0);
    CHECK_ERR(syscall(SYS_set_mempolicy, MPOL_BIND, NULL, 0), EINVAL);
    CHECK_ERR(syscall(SYS_set_mempolicy, MPOL_BIND, &node63, NODE_BITS), EINVAL);
    CHECK_ERR(syscall(SYS_set_mempolicy, 77, NULL, 0), EINVAL);
}

TEST(ranges_are_checked)
{
    unsigned long node0 = 1;
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    CHECK_EQ(syscall(SYS_mbind, p, 8192ul, MPOL_BIND, &node0, NODE_BITS, 0), 0);
    CHECK_ERR(syscall(SYS_mbind, p + 1, 4096ul, MPOL_BIND, &node0, NODE_BITS, 0), EINVAL);
    CHECK_EQ(munmap(p, 8192), 0);
    CHECK_ERR(syscall(SYS_mbind, p, 8192ul, MPOL_BIND, &node0, NODE_BITS, 0), EFAULT);
}
