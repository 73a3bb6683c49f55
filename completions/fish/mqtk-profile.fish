# Made by `mqtk-profile --generate fish`.
complete -c mqtk-profile -f
complete -c mqtk-profile -l default -d 'With set: use this profile where no broker is given'
complete -c mqtk-profile -l show-secrets -d 'With show: print passwords and keys instead of ***'
complete -c mqtk-profile -l help -d 'Show this help'
complete -c mqtk-profile -l version -d 'Show the version'
