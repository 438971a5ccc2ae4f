/* SPDX-License-Identifier: Apache-2.0 */
#include "listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } as;
    socklen_t size;
} address;

static int parse_literal(const char *text, address *ret_address)
{
    address parsed = {0};

    if (strcmp(text, "localhost") == 0)
        text = "127.0.0.1";
    if (inet_pton(AF_INET, text, &parsed.as.v4.sin_addr) == 1) {
        parsed.as.v4.sin_family = AF_INET;
        parsed.size = sizeof parsed.as.v4;
    } else if (inet_pton(AF_INET6, text, &parsed.as.v6.sin6_addr) == 1) {
        parsed.as.v6.sin6_family = AF_INET6;
        parsed.size = sizeof parsed.as.v6;
    } else {
        return -EINVAL;
    }
    *ret_address = parsed;
    return 0;
}

int tlm_listen_socket_is_address(const char *text)
{
    address parsed;

    return parse_literal(text, &parsed) == 0;
}

static int parse_address(const tlm_listen_options *options, address *ret_address, tlm_error *error)
{
    uint16_t port = htons((uint16_t)options->port);

    if (options->port < 0 || options->port > UINT16_MAX)
        return tlm_error_set(error, -EINVAL, "listen: port %lld is not between 0 and 65535", (long long)options->port);
    if (parse_literal(options->address, ret_address) < 0)
        return tlm_error_set(error, -EINVAL,
                             "listen: address \"%s\" is neither an IPv4 or IPv6 address nor \"localhost\"",
                             options->address);
    if (ret_address->as.any.sa_family == AF_INET)
        ret_address->as.v4.sin_port = port;
    else
        ret_address->as.v6.sin6_port = port;
    return 0;
}

/* The sentence for a port that cannot be had. */
static int refuse(int code, const tlm_listen_options *options, tlm_error *error)
{
    long long port = (long long)options->port;

    switch (code) {
    case EADDRINUSE:
        return tlm_error_set(error, -code,
                             "listen: port %lld of %s is taken by another process; stop it or set another "
                             "`port` in the group listen (API_PORT, AGGREGATOR_PORT)",
                             port, options->address);
    case EACCES:
        return tlm_error_set(error, -code,
                             "listen: port %lld is privileged; take one from 1024 up, or grant CAP_NET_BIND_SERVICE",
                             port);
    case EADDRNOTAVAIL:
        return tlm_error_set(error, -code, "listen: no interface of this machine has the address %s", options->address);
    default:
        return tlm_error_set(error, -code, "listen: %s port %lld: %s", options->address, port, strerror(code));
    }
}

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : -errno;
}

int tlm_listen_socket_bind(const tlm_listen_options *options, int *ret_fd, tlm_error *error)
{
    address wanted;
    int result = parse_address(options, &wanted, error);

    if (result < 0)
        return result;
    int fd = socket(wanted.as.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return refuse(errno, options, error);
    result = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (result == 0 && wanted.as.any.sa_family == AF_INET6)
        result = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (result == 0 && bind(fd, &wanted.as.any, wanted.size) != 0)
        result = -errno;
    if (result < 0) {
        close(fd);
        return refuse(-result, options, error);
    }
    *ret_fd = fd;
    return 0;
}

int tlm_listen_socket_listen(int fd, const tlm_listen_options *options, tlm_error *error)
{
    if (listen(fd, SOMAXCONN) != 0)
        return refuse(errno, options, error);
    return 0;
}

int tlm_listen_socket_address(int fd, char text[static TLM_ADDRESS_SIZE], tlm_error *error)
{
    address bound = {.size = sizeof bound.as};
    char host[INET6_ADDRSTRLEN];

    if (getsockname(fd, &bound.as.any, &bound.size) != 0)
        return tlm_error_set(error, -errno, "listen: the bound address cannot be read: %s", strerror(errno));
    if (bound.as.any.sa_family == AF_INET6) {
        if (!inet_ntop(AF_INET6, &bound.as.v6.sin6_addr, host, sizeof host))
            return tlm_error_set(error, -errno, "listen: the bound address cannot be written: %s", strerror(errno));
        snprintf(text, TLM_ADDRESS_SIZE, "[%s]:%u", host, (unsigned)ntohs(bound.as.v6.sin6_port));
        return 0;
    }
    if (!inet_ntop(AF_INET, &bound.as.v4.sin_addr, host, sizeof host))
        return tlm_error_set(error, -errno, "listen: the bound address cannot be written: %s", strerror(errno));
    snprintf(text, TLM_ADDRESS_SIZE, "%s:%u", host, (unsigned)ntohs(bound.as.v4.sin_port));
    return 0;
}
