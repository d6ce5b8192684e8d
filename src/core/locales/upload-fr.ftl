# Textes des envois en morceaux et des versions trouvées sur un support.

BR-1280 = L’envoi { $id } n’existe pas.
    .why = Il a été ajouté, supprimé, ou abandonné parce que rien n’est venu pendant une semaine.
    .fix = Recommencez, ou ajoutez le fichier sur le serveur même avec : bridle release add FICHIER
BR-1281 = Le prochain morceau commence à l’octet { $offset } sur { $size }.
    .why = L’envoi a été interrompu, ou deux programmes l’envoient.
    .fix = Continuez à cet octet. Ou ajoutez le fichier sur le serveur même avec : bridle release add FICHIER
BR-1282 = Cet envoi est occupé.
    .why = Deux programmes s’en servent en même temps, ou il est en cours d’ajout.
    .fix = Attendez un instant et réessayez.
BR-1283 = { $count } envois ne sont pas terminés.
    .why = Chacun prend de la place jusqu’à ce qu’il soit ajouté ou supprimé.
    .fix = Terminez ou supprimez-en un d’abord. Ou ajoutez le fichier sur le serveur même avec : bridle release add FICHIER
BR-1284 = Le fichier fait { $found } Mo ; on peut envoyer au plus { $limit } Mo.
    .why = Aucune version n’est aussi grande.
    .fix = Choisissez le bon fichier. Un delta est bien plus petit : donnez à l’éditeur la liste de bridle release have
BR-1285 = L’envoi demande { $needed } Mo sur le disque, et { $free } Mo sont libres.
    .why = Jusqu’à ce qu’il soit vérifié et ajouté, un envoi prend deux fois sa taille.
    .fix = bridle release add FICHIER sur le serveur même en demande la moitié. Un delta en demande moins. Voyez ce qui prend la place avec : bridle store space
BR-1286 = L’envoi n’est pas complet : { $done } Mo sur { $total } sont là.
    .why = Rien n’est ajouté avant que tout soit arrivé.
    .fix = Envoyez d’abord le reste.
BR-1287 = Aucune version qui puisse être ajoutée n’a été trouvée dans { $places }.
    .why = On a regardé les fichiers qui finissent par .bundle ou .run, jusqu’à deux dossiers de profondeur ; ce qui précède dit pourquoi aucun ne convient.
    .fix = Montez le support, ou dites où est le fichier avec : bridle release add FICHIER
BR-1288 = { $count } versions peuvent être ajoutées, et personne ne peut dire laquelle.
    .why = L’entrée n’est pas un terminal, et il y en a plus d’une.
    .fix = Dites laquelle avec : bridle release add FICHIER
BR-1289 = { $places } ne répond pas.
    .why = Un support ou un dossier réseau qui y est monté est bloqué.
    .fix = Démontez-le, ou dites où est le fichier avec : bridle release add FICHIER
BR-1310 = Les envois qui ne sont pas terminés et celui-ci font ensemble { $found } Mo ; on en prend au plus { $limit } Mo.
    .why = Chacun occupe de la place jusqu’à ce qu’il soit ajouté ou supprimé.
    .fix = Voyez-les avec bridle release upload list et supprimez-en un avec : bridle release upload remove ID

release-found-head = Trouvé :
release-found-new = { $name } { $version }, plus récente que toutes celles d’ici
release-found-delta = { $name } { $version }, un delta, plus récente que toutes celles d’ici
release-found-partial = { $name } { $version }, incomplète : elle est encore en cours de copie, ou la copie s’est interrompue
release-found-here = { $name } { $version }, déjà dans le dépôt
release-found-refused = inutilisable : { $why }
release-found-ask = Ajouter { $release } depuis { $path } ?
release-found-which = Laquelle ? Son numéro, ou rien pour arrêter :
release-found-none = Rien n’a été ajouté.
release-found-limit = Plus de { $count } noms dans { $path } : tous n’ont pas été regardés.
release-found-file = { $number }  { $path }  { $size }
release-found-what = { "    " }{ $what }

upload-none = Aucun envoi n’attend.
upload-receiving = { $done } sur { $total }, abandonné le { $expires } si rien d’autre ne vient
upload-complete = les { $total } sont là, pas encore ajoutés, abandonné le { $expires }
upload-adding = { $total }, en cours d’ajout
upload-remove-ask = Supprimer l’envoi { $id } de { $name } ? Ce qui en est arrivé est perdu.
upload-kept = Il reste.
upload-removed = L’envoi { $id } de { $name } a été supprimé : { $size } sont de nouveau libres.

help-bridle-release-upload = Fichiers de version qui arrivent par morceaux et ne sont pas encore ajoutés
    .more =
        Un navigateur ou un programme envoie un grand fichier par morceaux par l’API. Ce qui s’est interrompu attend une
        semaine, au plus quatre à la fois et 100 Gio ensemble ; un envoi qui n’a pas avancé depuis un jour fait place à un
        nouveau, le plus ancien d’abord.
    .examples =
        bridle release upload list
        bridle release upload remove 01a2b3c4d5e6
help-bridle-release-upload-list = Les envois qui attendent, avec ce qui est arrivé de chacun
    .examples =
        bridle release upload list
        bridle release upload list --json # pour des programmes
help-bridle-release-upload-remove = Supprimer un envoi et les morceaux qui en sont arrivés
    .more = Refusé pendant que quelqu’un l’envoie ou l’ajoute. Demande d’abord ; --yes répond.
    .examples = bridle release upload remove 01a2b3c4d5e6
    .id = Quel envoi, comme bridle release upload list le nomme
    .yes = Ne pas demander
