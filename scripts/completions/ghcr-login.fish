# fish completion for ghcr-login. It asks --help, so that an option is described in one place:
# "  -u, --username NAME    the account ..." is an option with a value, whose kind is the word NAME.

complete -c ghcr-login --no-files
for line in (ghcr-login --help 2>/dev/null)
    if string match -qr '^ +(-(?<letter>[a-zA-Z]),)? +--(?<name>[a-z-]+)( (?<value>[A-Z]+))? +(?<help>.*)$' -- $line
        set -l arguments --long-option $name --description $help
        test -n "$letter"; and set -a arguments --short-option $letter
        switch "$value"
            case FILE
                set -a arguments --require-parameter --force-files
            case DIR
                set -a arguments --exclusive --arguments '(__fish_complete_directories)'
            case VAR
                set -a arguments --exclusive --arguments '(set --names --export)'
            case '?*'
                set -a arguments --exclusive
        end
        complete -c ghcr-login $arguments
    else if string match -qr '^(usage:|      ) ghcr-login \[?(?<name>[a-z]+)\]? ' -- $line
        complete -c ghcr-login --condition __fish_use_subcommand --arguments $name
    end
end
