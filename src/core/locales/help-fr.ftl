# Help of the command line: one message a command (`help-` and its words joined by `-`), one attribute an argument.
# `.examples`: lines to type (a leading `$ ` is dropped), ` # ` begins what they do. `.more`: what only --help says.

exit-0 = fait
exit-1 = échec
exit-2 = la ligne de commande ou un fichier de configuration est erroné
exit-3 = ce serveur ne remplit pas les conditions
exit-4 = une confirmation est nécessaire et personne ne peut être interrogé
exit-5 = une autre opération est en cours
exit-6 = la signature ou le contenu d’une version n’est pas en ordre
exit-7 = tout a été annulé ; le serveur est comme avant
exit-8 = tout n’a pas pu être annulé
exit-9 = l’agent ne répond pas
exit-10 = quelque chose serait modifié
exit-130 = quitté ; l’opération continue

install-place-completion = mots pour la touche TAB : { $path }

label-example = EXEMPLE
explain-exit-finding = { $exit } (si le constat bloque ; un avertissement ne change pas le code)
label-exit = SORTIE

help-heading-usage = Utilisation :
help-heading-examples = Exemples :
help-heading-commands = Commandes :
help-heading-arguments = Arguments :
help-heading-options = Options :
help-heading-exits = Codes de sortie :
help-values = [au choix : { $values }]
help-default = [par défaut : { $value }]
help-flag = Afficher l’aide ; --help en dit plus que -h
help-version = Afficher la version
help-command = L’aide d’une commande
help-command-words = La commande

explain-nearest = Vous pensez peut-être à : { $codes }

usage-command = Il n’y a pas de commande « { $what } ».
usage-command-similar = Il n’y a pas de commande « { $what } ». Vous pensez peut-être à : { $similar }
usage-option = Il n’y a pas d’option « { $what } » ici.
usage-option-similar = Il n’y a pas d’option « { $what } » ici. Vous pensez peut-être à : { $similar }
usage-value = « { $value } » ne convient pas à { $what }.
usage-value-one-of = « { $value } » ne convient pas à { $what } ; au choix : { $values }.
usage-value-missing = { $what } demande une valeur.
usage-missing = Il manque quelque chose : { $what }.
usage-missing-command = Il manque une commande.
usage-conflict = « { $what } » et « { $other } » ne vont pas ensemble, ou l’un est donné deux fois.
usage-too-many = Il y a un mot de trop : « { $what } ».
usage-other = Elle n’a pas la forme nécessaire.

BR-1150 = La ligne de commande ne peut pas être comprise.
    .why = Une commande, une option ou une valeur est fausse ou absente ; rien n’a été fait.
    .fix = Voyez ce qui peut être saisi avec : { $command } --help
    .example = bridle operation attach --help
BR-1151 = Il n’y a pas de code « { $what } ».
    .why = Les codes ressemblent à BR-1042 ; les constats d’un contrôle ressemblent à check-disk.
    .fix = Voyez tous les codes avec : bridle explain
    .example = bridle explain BR-1042

help-bridle = Maintient une plateforme cloud native installée et en bonne santé sur ce serveur
    .more =
        L’agent (service bridle-agent) fait le travail ; ces commandes lui disent quoi faire et montrent ce qu’il fait.
        Ctrl-C quitte une commande qui attend ; ce qui est en cours continue.
    .examples =
        bridle status --watch # l’état de tout, en direct
        bridle operation attach # suivre ce qui est en cours ; Ctrl-C quitte, tout continue
        bridle operation retry # essayer de nouveau l’étape en échec
        bridle explain BR-1042 # ce que dit un code et ce qu’il faut faire
    .socket = Point d’accès (socket) de l’agent
    .data = Où lire les journaux et le dernier état quand l’agent ne répond pas
    .lang = Langue de ce qui est affiché, sinon LC_ALL, LC_MESSAGES ou LANG décide
    .color = Quand utiliser les couleurs ; NO_COLOR et TERM=dumb les désactivent aussi
    .json = Afficher un objet JSON au lieu d’un texte
    .no-input = Ne jamais poser de question ; une commande qui demande une réponse se termine avec le code 4
help-bridle-status = L’état de tout
    .more = Sans l’agent, affiche le dernier état écrit sur le disque et se termine avec le code 9.
    .examples =
        bridle status
        bridle status --watch # rester et montrer les changements
        bridle status --json # pour les programmes
    .watch = Rester et montrer les changements
help-bridle-operation = Opérations : ce qui modifie cette plateforme, ou l’a modifiée
    .examples =
        bridle operation list
        bridle operation attach # suivre ce qui est en cours
        bridle operation retry # essayer de nouveau l’étape en échec
help-bridle-operation-list = Toutes les opérations, la plus récente d’abord
    .examples = bridle operation list
help-bridle-operation-show = Une opération avec ses étapes
    .examples =
        bridle operation show # la plus récente
        bridle operation show 20261123-044319-install
    .id = Quelle opération [par défaut : la plus récente]
help-bridle-operation-attach = Suivre une opération jusqu’à sa fin
    .more = Ctrl-C quitte (code 130) ; l’opération continue. La même commande y revient.
    .examples =
        bridle operation attach # la plus récente
        bridle operation attach --events json # chaque événement sur une ligne de JSON
    .id = Quelle opération [par défaut : la plus récente]
    .events = Afficher chaque événement sur une ligne, sous la forme du journal
help-bridle-operation-pause = S’arrêter après l’étape en cours
    .examples = bridle operation pause
    .id = Quelle opération [par défaut : la plus récente]
help-bridle-operation-continue = Continuer après une pause
    .examples = bridle operation continue
    .id = Quelle opération [par défaut : la plus récente]
help-bridle-operation-retry = Essayer de nouveau l’étape en échec
    .examples = bridle operation retry
    .id = Quelle opération [par défaut : la plus récente]
help-bridle-operation-skip = Continuer sans l’étape en échec
    .more = Ce que l’étape devait faire reste à faire. La raison est gardée dans le journal avec votre nom.
    .examples = bridle operation skip --reason "fait à la main, ticket 4711"
    .id = Quelle opération [par défaut : la plus récente]
    .reason = Pourquoi, 400 caractères au plus ; gardé dans le journal
help-bridle-operation-abort = Annuler tout ce que l’opération a fait
    .more = Pose d’abord la question ; --yes y répond. Les données des applications ne sont pas supprimées.
    .examples =
        bridle operation abort
        bridle operation abort --yes # sans la question
    .id = Quelle opération [par défaut : la plus récente]
    .yes = Ne pas poser de question
help-bridle-release = Versions dans le dépôt de ce serveur
    .examples = bridle release list
help-bridle-release-list = Toutes les versions du dépôt
    .examples = bridle release list
help-bridle-explain = Ce que dit un code, d’où il vient et ce qu’il faut faire
    .more = N’a besoin ni de l’agent ni d’un réseau. Les fautes ont des codes tels que BR-1042, les constats d’un contrôle tels que check-disk.
    .examples =
        bridle explain BR-1042
        bridle explain 1042 # la même chose
        bridle explain disk # le constat check-disk
        bridle explain # tous les codes
    .code = Le code ; sans lui, tous sont affichés
help-bridle-completions = Des mots pour la touche TAB de votre interpréteur de commandes
    .more = Pour bash, une installation s’en est chargée si le paquet bash-completion était là.
    .examples =
        bridle completions bash > /etc/bash_completion.d/bridle
        bridle completions zsh > /usr/local/share/zsh/site-functions/_bridle
        bridle completions fish > /etc/fish/completions/bridle.fish
    .shell = L’interpréteur de commandes
help-bridle-man = Écrire les pages de manuel (en anglais) dans un dossier
    .examples =
        bridle man /usr/local/share/man/man1
        bridle man . # ici ; puis : man ./bridle.1
    .folder = Le dossier, qui doit exister ; les fichiers de mêmes noms sont remplacés
help-bridle-tui = L’écran du terminal
    .more = Chaque action est accessible avec les flèches, Entrée et Échap. Ctrl-C quitte ; ce qui est en cours continue.
    .accessible = Du texte et des choix numérotés au lieu d’un écran dessiné, pour les lecteurs d’écran ; aussi avec BRIDLE_ACCESSIBLE=1 et TERM=dumb
    .examples = bridle tui
help-bridle-agent = Le service qui exécute les opérations ; son unité le démarre
    .examples = systemctl status bridle-agent

help-installer = Installe sur ce serveur la version contenue dans ce fichier ; rien n’est chargé depuis un réseau
    .more = Avant même de l’exécuter, vérifiez le fichier avec : minisign -V -p campus.pub -m campus-1.0.0-amd64.run
    .examples =
        $ ./campus-1.0.0-amd64.run verify --publisher-key campus.pub # le fichier est-il entier et de son éditeur ?
        sudo ./campus-1.0.0-amd64.run install --plan-only --explain # ce qui serait fait
        sudo ./campus-1.0.0-amd64.run install
        sudo ./campus-1.0.0-amd64.run install --yes --publisher-key campus.pub --config site.toml
    .lang = Langue de ce qui est affiché, sinon LC_ALL, LC_MESSAGES ou LANG décide
    .color = Quand utiliser les couleurs ; NO_COLOR et TERM=dumb les désactivent aussi
    .json = Afficher un objet JSON au lieu d’un texte
    .no-input = Ne jamais poser de question ; une commande qui demande une réponse se termine avec le code 4
    .publisher-key = Ne faire confiance qu’à cette clé (fichier minisign .pub que l’éditeur vous a remis par un autre chemin)
    .file = Le fichier de version, pour le développement : normalement le fichier de ce programme
help-installer-install = Contrôler ce serveur, montrer le plan, demander, et installer
    .more =
        Ce qui est demandé : si la clé de l’éditeur est la bonne (--publisher-key y répond), le nom et l’adresse du site
        (--config y répond), et s’il faut installer maintenant (--yes y répond). Une fois tout en place, l’agent fait le
        travail ; fermer la fenêtre ne l’arrête pas. Après une interruption, la même commande reprend.
    .examples =
        sudo ./campus-1.0.0-amd64.run install --plan-only --explain # ce qui serait fait ; ne modifie rien
        sudo ./campus-1.0.0-amd64.run install
        sudo ./campus-1.0.0-amd64.run install --yes --publisher-key campus.pub --config site.toml # pour les scripts
    .plan-only = Montrer le plan et les constats, ne rien modifier
    .explain = Dire pour chaque étape ses limites et ce qui se passe si elle échoue
    .fix = Corriger tout de suite ce que les contrôles trouvent et peuvent corriger sans risque ; la désinstallation le défait
    .yes = Ne pas demander s’il faut installer ; exige une clé d’éditeur reconnue
    .config = Configuration de ce site (site.toml) ; sans elle, deux questions sont posées
help-installer-verify = Vérifier la signature et le contenu du fichier entier
    .examples = $ ./campus-1.0.0-amd64.run verify --publisher-key campus.pub
help-installer-inspect = Montrer ce que le fichier contient
    .examples =
        $ ./campus-1.0.0-amd64.run inspect
        $ ./campus-1.0.0-amd64.run inspect --json
help-installer-explain = Ce que dit un code, d’où il vient et ce qu’il faut faire
    .examples =
        $ ./campus-1.0.0-amd64.run explain BR-1003
        $ ./campus-1.0.0-amd64.run explain # tous les codes
    .code = Le code ; sans lui, tous sont affichés
