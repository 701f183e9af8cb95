#include "scenes.h"

#include <curl/curl.h>

#include <errno.h>

#define AUTH   "b2N0b2NhdDpnaHBfTTdINGp4VUREV0hQNGtaNkE0ZHhsUVlzUUlXSnVxMTFUNFY0"
#define DOCKER "home/.docker/config.json"
#define PODMAN "run/containers/auth.json"
#define OTHER  "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"}}}"
#define STORED "{\"auths\":{\"quay.io\":{\"auth\":\"eDp5\"},\"ghcr.io\":{\"auth\":\"" AUTH "\"}}}"
#define BOTH   "{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\"},\"quay.io\":{\"auth\":\"eDp5\"}}}"
#define ALONE  "{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\"}}}"
#define HELPED "{\"credsStore\":\"fake\"}"
#define STDIN  REGISTRY_TOKEN "\n"
#define LOGIN  "-u octocat --password-stdin "

/* A credential helper whose vault is a file; what it runs is the shell's own. */
#define HELPER                                                                                     \
    {                                                                                              \
        "bin/docker-credential-fake",                                                              \
            "#!/bin/sh\nread -r x\ncase $1 in\nlist) echo '{\"ghcr.io\":\"u\"}' ;;\nstore) echo "  \
            "\"$x\" >vault ;;\nerase) : >vault ;;\n"                                               \
            "get) if [ -s vault ]; then read -r x <vault; echo \"$x\"\nelse echo 'credentials "    \
            "not found in native keychain'; exit 1; fi ;;\nesac\n",                                \
            0755, 0                                                                                \
    }
#define VAULT(text)                                                                                \
    {                                                                                              \
        "vault", text, 0600, 0                                                                     \
    }
#define HELD                                                                                       \
    "{\"ServerURL\":\"ghcr.io\",\"Username\":\"octocat\",\"Secret\":\"" REGISTRY_TOKEN "\"}\n"

/* What a token that is fetched at each pull takes. */
#define ASKS "{\"credHelpers\":{\"ghcr.io\":\"ghcr-login\"}}"
#define RECORD                                                                                     \
    {                                                                                              \
        "home/.config/ghcr-login/logins.json",                                                     \
            "{\"logins\":{\"ghcr.io\":{\"username\":\"octocat\",\"command\":\"cat "                \
            "$HOME/../token\"}}}",                                                                 \
            0600, 0                                                                                \
    }
#define RECORD_OF_A_FILE                                                                           \
    {                                                                                              \
        "home/.config/ghcr-login/logins.json",                                                     \
            "{\"logins\":{\"ghcr.io\":{\"username\":\"octocat\",\"file\":"                         \
            "\"/proc/self/cwd/token\"}}}",                                                         \
            0600, 0                                                                                \
    }
#define RECORD_FOR_A_FILE                                                                          \
    {                                                                                              \
        "home/.config/ghcr-login/logins.json",                                                     \
            "{\"logins\":{\"ghcr.io\":{\"username\":\"octocat\",\"command\":\"cat "                \
            "$HOME/../token\",\"for\":[\"/gone\"]}}}",                                             \
            0600, 0                                                                                \
    }
#define OWN "docker-credential-ghcr-login"
#define OWN_HELPER                                                                                 \
    {                                                                                              \
        "bin/" OWN, "#!/bin/sh\n", 0755, 0                                                         \
    }

const struct scene scenes[] = {
    {.name = "login, new file", .start = {.arguments = LOGIN, .input = STDIN}},
    {.name = "login, old file, an image",
     .start = {.arguments = LOGIN "--can-pull ghcr.io/octo-org/app:1", .input = STDIN},
     .files = {{.path = DOCKER, .text = OTHER}}},
    {.name = "login, both files, from files, in JSON",
     .start = {.arguments = "--username-file name --token-file token --docker --podman --json -v"},
     .files = {{.path = PODMAN, .text = OTHER},
               {.path = "name", .text = "octocat\n"},
               {.path = "token", .text = STDIN}}},
    {.name = "login, diagnosis, in a workflow",
     .start = {.arguments = "--diagnose --json --can-pull ghcr.io/octo-org/app:1",
               .environment = "GITHUB_ACTIONS=true GITHUB_ACTOR=octocat "
                              "GHCR_TOKEN=" REGISTRY_TOKEN}},
    {.name = "login, a helper",
     .start = {.arguments = LOGIN, .input = STDIN},
     .files = {{.path = DOCKER, .text = HELPED}, HELPER, VAULT("")}},
    {.name = "login, a helper that is slow",
     .start = {.arguments = LOGIN "--no-verify --timeout 2", .input = STDIN, .pace = 100},
     .status = 9,
     .most = 8,
     .files = {{.path = DOCKER, .text = HELPED},
               {.path = "bin/docker-credential-fake",
                .text = "#!/bin/sh\ntrap '' TERM\nread -r x\nexec sleep 60\n",
                .mode = 0755}}},
    {.name = "login, no helper wanted",
     .start = {.arguments = LOGIN "--no-verify --no-helper", .input = STDIN},
     .files = {{.path = DOCKER, .text = HELPED}}},
    {.name = "login, a proxy with a password",
     .start = {.arguments = LOGIN "--dry-run",
               .input = STDIN,
               .environment = "https_proxy=http://u:a%2Dlong%2Dpassword@[::1]:9 no_proxy=*"},
     .only = "curl_easy_unescape"},
    {.name = "login, certificates",
     .start = {.arguments = LOGIN "--cert-dir certs --dry-run", .input = STDIN},
     .files = {{.path = "certs/ca.crt", .text = "-----BEGIN CERTIFICATE-----\n"},
               {.path = "certs/x.cert", .text = "-----BEGIN CERTIFICATE-----\n"},
               {.path = "certs/x.key", .text = "-----BEGIN PRIVATE KEY-----\n"}}},
    {.name = "login, trouble at first",
     .start = {.arguments = LOGIN, .input = STDIN},
     .mood = REGISTRY_BUSY},
    {.name = "login, a token that is not known at once",
     .start = {.arguments = LOGIN "--wait-for-token 60", .input = STDIN},
     .mood = REGISTRY_LATE},
    {.name = "login, refused, in JSON",
     .start = {.arguments = LOGIN "--json --diagnose", .input = "ghp_wrong\n"},
     .status = 4},
    {.name = "login, a realm elsewhere",
     .start = {.arguments = LOGIN, .input = STDIN},
     .status = 6,
     .mood = REGISTRY_FAR},
    {.name = "login, no image",
     .start = {.arguments = LOGIN "--can-pull ghcr.io/octo-org/app:1", .input = STDIN},
     .status = 7,
     .mood = REGISTRY_HIDING},
    {.name = "login, a malformed file",
     .start = {.arguments = LOGIN, .input = STDIN},
     .status = 8,
     .files = {{.path = DOCKER, .text = "{\"auths\":"}}},
    {.name = "login for a user",
     .start = {.arguments = LOGIN "--for-user octo --no-verify", .input = STDIN},
     .files = {{.path = "home/.keep", .text = "", .owner = 1234}}},
    {.name = "login without HOME",
     .start = {.arguments = LOGIN "--no-verify", .input = STDIN, .environment = "HOME="}},
    {.name = "login as root into a user's directory",
     .start = {.arguments = LOGIN "--config theirs/deep --no-verify", .input = STDIN},
     .files = {{.path = "theirs/.keep", .text = "", .owner = 1234}}},
    {.name = "login, output closed",
     .start = {.arguments = LOGIN "--no-verify", .input = STDIN, .output = "/dev/full"},
     .status = 1},
    {.name = "login, all closed",
     .start = {.arguments = "--no-verify",
               .environment = "GHCR_USERNAME=octocat GHCR_TOKEN=" REGISTRY_TOKEN,
               .is_closed = true},
     .status = 0},
    {.name = "login, at each pull",
     .start = {.arguments = "--at-pull -u octocat --token-file token --no-verify"},
     .files =
         {{.path = DOCKER, .text = STORED}, {.path = "token", .text = STDIN}, OWN_HELPER, RECORD}},
    {.name = "login, at each pull, from a command",
     .start = {.arguments =
                   "--at-pull -u octocat --token-command $HOME/../give --no-verify --podman"},
     .files = {{.path = "token", .text = STDIN},
               {.path = "give",
                .text = "#!/bin/sh\nread -r x <$HOME/../token; echo $x",
                .mode = 0755},
               OWN_HELPER}},
    {.name = "status, at each pull",
     .start = {.arguments = "status --docker --no-verify"},
     .files = {{.path = DOCKER, .text = ASKS}, RECORD, {.path = "token", .text = STDIN}}},
    {.name = "logout, at each pull",
     .start = {.arguments = "logout --docker"},
     .files = {{.path = DOCKER, .text = ASKS}, RECORD}},
    {.name = "logout, at each pull, of a file that is gone",
     .start = {.arguments = "logout --docker"},
     .files = {{.path = DOCKER, .text = ASKS}, RECORD_FOR_A_FILE},
     .only = "json_array_remove"},
    {.name = "helper, get, from a file",
     .start = {.program = OWN, .arguments = "get", .input = "ghcr.io\n"},
     .gives_token = true,
     .files = {RECORD_OF_A_FILE, {.path = "token", .text = STDIN}}},
    {.name = "helper, get, from a command",
     .start = {.program = OWN, .arguments = "get", .input = "https://ghcr.io"},
     .gives_token = true,
     .files = {RECORD, {.path = "token", .text = STDIN}}},
    {.name = "helper, get, from nowhere",
     .start = {.program = OWN, .arguments = "get", .input = "ghcr.io"},
     .status = 1,
     .files = {RECORD_OF_A_FILE}},
    {.name = "helper, store, the same",
     .start = {.program = OWN, .arguments = "store", .input = HELD},
     .files = {RECORD_OF_A_FILE, {.path = "token", .text = STDIN}}},
    {.name = "helper, store, another",
     .start = {.program = OWN, .arguments = "store", .input = HELD},
     .status = 1,
     .files = {RECORD_OF_A_FILE, {.path = "token", .text = "ghp_another\n"}}},
    {.name = "helper, erase",
     .start = {.program = OWN, .arguments = "erase", .input = "ghcr.io"},
     .files = {RECORD}},
    {.name = "helper, list", .start = {.program = OWN, .arguments = "list"}, .files = {RECORD}},
    {.name = "login, no host of that name",
     .start = {.arguments = LOGIN "--retries 0",
               .input = STDIN,
               .missing = INJECT_curl_easy_perform,
               .missing_errnum = CURLE_COULDNT_RESOLVE_HOST},
     .status = 5,
     .only = "socket"},
    {.name = "login, no host of that name, either",
     .start = {.arguments = LOGIN "--retries 0",
               .input = STDIN,
               .missing = INJECT_curl_easy_perform,
               .missing_errnum = CURLE_COULDNT_RESOLVE_HOST},
     .status = 5,
     .only = "connect"},
    {.name = "login, no trust",
     .start = {.arguments = LOGIN "--retries 0",
               .input = STDIN,
               .missing = INJECT_curl_easy_perform,
               .missing_errnum = CURLE_PEER_FAILED_VERIFICATION},
     .status = 5,
     .only = "curl_easy_duphandle"},
    {.name = "status",
     .start = {.arguments = "status --can-pull ghcr.io/octo-org/app:1"},
     .files = {{.path = DOCKER, .text = STORED}, {.path = PODMAN, .text = OTHER}}},
    {.name = "status, both, in JSON, a helper",
     .start = {.arguments = "status --json --no-verify", .environment = "DOCKER_AUTH_CONFIG={}"},
     .files =
         {{.path = DOCKER, .text = HELPED}, {.path = PODMAN, .text = BOTH}, HELPER, VAULT(HELD)}},
    {.name = "status, all",
     .start = {.arguments = "status --all --expires-within 7"},
     .files = {{.path = DOCKER, .text = ALONE}, {.path = PODMAN, .text = ALONE}},
     .most = 8},
    {.name = "status, all, a helper, and nobody asked",
     .start = {.arguments = "status --all --no-verify"},
     .files = {{.path = DOCKER, .text = HELPED}, HELPER, VAULT(HELD), RECORD},
     .most = 8},
    {.name = "status, a user name that is a token, in JSON",
     .start = {.arguments = "status --json --no-verify --docker"},
     .files = {{.path = DOCKER,
                .text = "{\"auths\":{\"ghcr.io\":{\"auth\":\"Z2hwX003SDRqeFVERFdIUDRrWjZBNGR4bFFZ"
                        "c1FJV0p1cTExVDRWNTp4LW9hdXRoLWJhc2lj\"}}}"}},
     .only = "json_string_set"},
    {.name = "status, images from standard input",
     .start = {.arguments = "status --docker --can-pull -", .input = "ghcr.io/octo-org/app:1\n"},
     .files = {{.path = DOCKER, .text = ALONE}},
     .most = 8},
    {.name = "status, none", .start = {.arguments = "status"}, .status = 3},
    {.name = "logout",
     .start = {.arguments = "logout"},
     .files = {{.path = DOCKER, .text = STORED}, {.path = PODMAN, .text = BOTH}}},
    {.name = "logout, in JSON, a helper",
     .start = {.arguments = "logout --json"},
     .files = {{.path = DOCKER, .text = HELPED}, HELPER, VAULT(HELD)}},
    {.name = "logout, all",
     .start = {.arguments = "logout --all --docker --podman"},
     .files = {{.path = DOCKER, .text = STORED}, {.path = PODMAN, .text = BOTH}}},
    {.name = "logout, if refused",
     .start = {.arguments = "logout --if-refused --if-user octocat"},
     .files = {{.path = DOCKER, .text = STORED}}},
    {.name = "exec",
     .start = {.arguments = "exec " LOGIN "--no-verify -- show",
               .input = STDIN,
               .environment = "DOCKER_AUTH_CONFIG=" BOTH " SSLKEYLOGFILE=keys"},
     .files = {{.path = DOCKER, .text = OTHER},
               {.path = "home/.docker/contexts/x", .text = "x"},
               {.path = PODMAN, .text = OTHER},
               {.path = "bin/show",
                .text = "#!/bin/sh\nread -r x <\"$DOCKER_CONFIG/config.json\"\necho \"${#x}\"\n",
                .mode = 0755}}},
    {.name = "exec, a first place that is full",
     .start = {.arguments = "exec " LOGIN "--no-verify -- true",
               .input = STDIN,
               .missing = INJECT_ftruncate,
               .missing_errnum = ENOSPC},
     .status = 125,
     .only = "rmdir"},
    {.name = "exec, waited for",
     .start = {.arguments = "exec " LOGIN "--no-verify -- show", .input = STDIN},
     .only = "sigwaitinfo",
     .files = {{.path = "bin/show", .text = "#!/bin/sh\nexec sleep 1\n", .mode = 0755}}},
    {.name = "exec, a directory that others lock",
     .start = {.arguments = "exec " LOGIN "--no-verify -- show",
               .input = STDIN,
               .missing = INJECT_flock,
               .missing_errnum = EWOULDBLOCK},
     .status = 125,
     .most = 2},
    {.name = "exec, nothing to run",
     .start = {.arguments = "exec " LOGIN "--no-verify -- show", .input = STDIN},
     .status = 127,
     .most = 12},
    {.name = "help", .start = {.arguments = "--help"}},
    {.name = "usage", .start = {.arguments = "--nonsense --json"}, .status = 2},
};

const size_t scenes_count = sizeof(scenes) / sizeof(scenes[0]);
