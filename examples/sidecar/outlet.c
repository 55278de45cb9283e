/* Firmware of a DC outlet in C, at `v2g evse --sidecar SOCKET`: an ideal stage that follows at once.
 *
 * Usage: outlet SOCKET WATTS    set point at the meter; negative takes power out of the car
 *
 * Every line is one JSON object. "hello" and "listening" come first; "do" carries a desired state, to be reached and
 * kept; "tell" reports; "set" is what this side knows. The whole protocol: docs/reference/sidecar.md.
 * Real firmware would use its JSON library; the few fields needed here are found by name.
 */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LONGEST_LINE 65536
#define MEASURE_MS 100 /* also what keeps the sidecar from taking us for dead (silence_s in hello) */

static struct {
    int closed;
    double volts, amps;
    double battery_v; /* what the car's contactors put on the cable: here the pre-charge target */
    double charged_wh, discharged_wh;
    int ended;
} outlet;

static int sock;

static void say(const char *line) {
    size_t sent = 0, length = strlen(line);
    while (sent < length) {
        ssize_t n = write(sock, line + sent, length - sent);
        if (n <= 0) {
            perror("outlet: write");
            exit(1);
        }
        sent += (size_t)n;
    }
}

/* The number behind "name": in the line, or `otherwise`. */
static double number(const char *line, const char *name, double otherwise) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(line, key);
    return at == NULL || strncmp(at + strlen(key), "null", 4) == 0 ? otherwise : strtod(at + strlen(key), NULL);
}

static double clamp(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

/* SetStage: what the power stage is to do, inside the bounds that car and station allow. */
static void set_stage(const char *line) {
    double volts = number(line, "voltage_v", 0.0), amps = 0.0;
    if (strstr(line, "\"isolation_test\"") || strstr(line, "\"precharge\""))
        outlet.volts = outlet.battery_v = volts;
    else if (strstr(line, "\"current\""))
        amps = number(line, "current_a", 0.0);
    else if (strstr(line, "\"ac_power\""))
        amps = number(line, "ac_power_w", 0.0) / outlet.battery_v;
    else
        outlet.volts = outlet.closed ? outlet.volts : 0.0;
    amps = clamp(amps, number(line, "min_current_a", 0.0), number(line, "max_current_a", 0.0));
    if (outlet.battery_v > 0.0)
        amps = clamp(amps, number(line, "min_power_w", 0.0) / outlet.battery_v,
                     number(line, "max_power_w", 0.0) / outlet.battery_v);
    outlet.amps = amps;
}

static void measure(double seconds) {
    char line[512];
    double wh = outlet.volts * outlet.amps * seconds / 3600.0;
    if (wh > 0)
        outlet.charged_wh += wh;
    else
        outlet.discharged_wh -= wh;
    snprintf(line, sizeof line,
             "{\"set\":{\"stage\":{\"voltage_v\":%.2f,\"current_a\":%.3f,\"contactor_closed\":%s,\"isolation\":\"valid\"},"
             "\"meter_reading\":{\"meter_id\":\"C-1\",\"import_wh\":%.0f,\"export_wh\":%.0f,\"power_w\":%.1f}}}\n",
             outlet.closed ? outlet.volts : 0.0, outlet.amps, outlet.closed ? "true" : "false", outlet.charged_wh,
             outlet.discharged_wh, outlet.volts * outlet.amps);
    say(line);
}

static void take(const char *line) {
    if (strstr(line, "{\"do\":")) {
        if (strstr(line, "\"SetContactor\""))
            outlet.closed = strstr(line, "true") != NULL;
        else if (strstr(line, "\"SetStage\""))
            set_stage(line);
        measure(0.0); /* done: say so at once */
    } else if (strstr(line, "\"LoopSeen\"")) {
        return; /* comes with every charge loop */
    } else if (strstr(line, "{\"tell\":")) {
        printf("%s\n", line);
        if (strstr(line, "\"Ended\""))
            outlet.ended = 1;
    } else if (strstr(line, "{\"error\":")) {
        fprintf(stderr, "outlet: %s\n", line);
        exit(1);
    } else if (strstr(line, "{\"listening\":")) {
        printf("%s\n", line);
    }
    fflush(stdout);
}

int main(int argc, char **argv) {
    static char buffer[LONGEST_LINE + 1];
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    size_t filled = 0;
    char line[256];
    if (argc != 3 || strlen(argv[1]) >= sizeof where.sun_path) {
        fprintf(stderr, "usage: outlet SOCKET WATTS\n");
        return 2;
    }
    strcpy(where.sun_path, argv[1]);
    sock = socket(AF_UNIX, SOCK_STREAM, 0);
    if (sock < 0 || connect(sock, (struct sockaddr *)&where, sizeof where) != 0) {
        perror("outlet: connect");
        return 1;
    }
    /* What this station knows when it starts: a car is plugged in and ready, its driver may charge, the power wanted. */
    snprintf(line, sizeof line, "{\"set\":{\"pilot_state\":\"C\",\"authorized\":\"accepted\",\"setpoint_w\":%.1f}}\n",
             atof(argv[2]));
    say(line);
    while (!outlet.ended) {
        struct pollfd ready = {.fd = sock, .events = POLLIN};
        if (poll(&ready, 1, MEASURE_MS) == 0) {
            measure(MEASURE_MS / 1000.0);
            continue;
        }
        ssize_t n = read(sock, buffer + filled, LONGEST_LINE - filled);
        if (n <= 0)
            return 1; /* the sidecar is gone: real firmware switches off here */
        filled += (size_t)n;
        buffer[filled] = '\0';
        char *begin = buffer, *end;
        for (; (end = strchr(begin, '\n')) != NULL; begin = end + 1) {
            *end = '\0';
            take(begin);
        }
        filled -= (size_t)(begin - buffer);
        memmove(buffer, begin, filled + 1);
    }
    printf("charged %.1f Wh, discharged %.1f Wh\n", outlet.charged_wh, outlet.discharged_wh);
    return 0;
}
