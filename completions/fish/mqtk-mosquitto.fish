# Made by `mqtk-mosquitto --generate fish`.
complete -c mqtk-mosquitto -f
complete -c mqtk-mosquitto -l help -d 'Show this help'
complete -c mqtk-mosquitto -l version -d 'Show the version'
