/* SPDX-License-Identifier: MIT */
/* covers: socket sendto recvmsg */
/*
 * What getifaddrs(3) and if_nameindex(3) ask of AF_NETLINK, and families that may be missing.
 */
#include <ifaddrs.h>
#include <net/if.h>

#include "tests/sys/socket_fixture.h"

TEST(getifaddrs_knows_the_loopback)
{
    struct ifaddrs *list = NULL;
    bool found = false;

    CHECK_OK(getifaddrs(&list));
    for (struct ifaddrs *i = list; i; i = i->ifa_next)
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && strcmp(i->ifa_name, "lo") == 0) {
            found = true;
            CHECK_EQ(ntohl(((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr), INADDR_LOOPBACK);
            CHECK(i->ifa_flags & IFF_LOOPBACK);
        }
    freeifaddrs(list);
    CHECK(found);
}

TEST(interface_names_and_numbers)
{
    char name[IF_NAMESIZE] = "";
    unsigned lo = if_nametoindex("lo");

    CHECK(lo > 0);
    CHECK(if_indextoname(lo, name));
    CHECK_STR(name, "lo");
    struct if_nameindex *list = if_nameindex();
    CHECK(list && list[0].if_index > 0);
    if_freenameindex(list);
    CHECK_EQ(if_nametoindex("no-such-if"), 0);
}
