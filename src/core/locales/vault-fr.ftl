# Textes des dépôts de sauvegardes : le stockage dessous, le dépôt lui-même, ce qui est sauvegardé et restauré.

BR-1400 = Le dépôt { $place } ne répond pas.
    .why = Il y a eu plusieurs essais ; le serveur est arrêté ou surchargé, ou le réseau se coupe. Il s’agissait de { $object }.
    .fix = Vérifiez l’adresse, le réseau et le serveur. La prochaine sauvegarde réessaie d’elle-même.
BR-1401 = Le dépôt { $place } refuse les identifiants.
    .why = Ils sont faux ou expirés, ou n’ont pas ce droit. Il s’agissait de { $object }.
    .fix = Donnez-en de valables avec : bridle repository add --replace
BR-1402 = Les horloges de ce serveur et du dépôt { $place } sont trop éloignées.
    .why = Les stockages d’objets refusent les demandes dont l’heure est fausse de plus de 15 minutes.
    .fix = Réglez l’horloge (timedatectl), au mieux avec un serveur de temps, et réessayez.
BR-1403 = Le dépôt { $place } est plein.
    .why = Il n’y a plus de place, ou son quota est épuisé. Il s’agissait de { $object }. Ce qui était sauvegardé est entier.
    .fix = Donnez-lui plus de place, ou gardez les sauvegardes moins longtemps.
BR-1404 = { $object } n’est pas dans le dépôt { $place }.
    .why = Quelqu’un l’a supprimé, le compartiment ou le dossier est un autre, ou le stockage l’a perdu.
    .fix = Voyez ce qui est touché avec : bridle repository check. Si le stockage garde les versions précédentes, faites-le revenir.
BR-1405 = { $object } est endommagé dans le dépôt { $place }.
    .why = Ce qui est revenu n’est pas ce qui a été écrit, ou une liste se contredit.
    .fix = Voyez ce qui est touché avec : bridle repository check. Restaurez depuis un autre dépôt, et vérifiez le stockage.
BR-1406 = { $object } est déjà dans le dépôt { $place }, avec un autre contenu.
    .why = Autre chose écrit dans ce dépôt.
    .fix = Assurez-vous que seule cette installation y écrit.
BR-1407 = Le support du dépôt { $place } n’est pas monté, ou c’en est un autre.
    .why = La marque du dépôt n’y est pas. Écrire maintenant remplirait le disque de ce serveur.
    .fix = Montez le support qui va là et réessayez.
BR-1408 = Le certificat du dépôt { $place } n’est pas digne de confiance.
    .why = Il n’est pas signé par une autorité donnée pour ce dépôt, il a expiré, ou il est pour un autre nom.
    .fix = Donnez le certificat de l’autorité avec : bridle repository add --ca FICHIER
BR-1409 = Le dépôt { $place } a échoué sur { $object }.
    .why = Le stockage a donné une réponse sans remède connu ; les causes disent laquelle.
    .fix = Demandez à qui gère le stockage, avec les causes.
BR-1410 = La clé n’ouvre pas le dépôt { $place }.
    .why = La clé est celle d’un autre dépôt, ou le dépôt a été refait.
    .fix = Donnez le code de secours de ce dépôt.
BR-1411 = Il n’y a pas de dépôt dans { $place }.
    .why = L’endroit est vide, ou ce n’est pas celui que vous pensiez.
    .fix = Vérifiez l’adresse, ou créez-en un avec : bridle repository add
BR-1412 = Il y a déjà un dépôt dans { $place }.
    .why = Un nouveau rendrait ses sauvegardes inutilisables.
    .fix = Choisissez un endroit vide, ou ajoutez celui qui est là avec son code de secours.
BR-1413 = Le dépôt { $place } est endommagé : { $count ->
        [one] une chose n’est pas telle qu’elle a été écrite.
       *[other] { $count } choses ne sont pas telles qu’elles ont été écrites.
    }
    .why = Le stockage a perdu ou modifié des données. Les causes les nomment.
    .fix = Ne supprimez rien. Les sauvegardes qui ne sont pas touchées peuvent encore être restaurées ; faites-en une dans un autre dépôt.
BR-1414 = { $count ->
        [one] Un fichier
       *[other] { $count } fichiers
    } de { $source } : lecture impossible, par exemple { $path }.
    .why = Une sauvegarde sans eux aurait l’air entière sans l’être ; il n’y en a donc pas.
    .fix = Voyez la cause : droits, disque défaillant, ou support parti. La prochaine sauvegarde réessaie.
BR-1415 = { $count ->
        [one] Un fichier
       *[other] { $count } fichiers
    } de { $source } : modification pendant la lecture, par exemple { $path }.
    .why = Il y a eu plusieurs lectures, et jamais la même du début à la fin.
    .fix = Prenez un système de fichiers qui fait des instantanés (btrfs, xfs), ou sauvegardez ces données par des commandes de l’application.
BR-1416 = Les données de { $source } ont pris fin sans preuve qu’elles sont toutes venues.
    .why = La commande qui les donne a échoué, ou la connexion s’est coupée.
    .fix = Voyez la cause. La prochaine sauvegarde réessaie.
BR-1417 = Rien n’est supprimé du dépôt { $place }.
    .why = Quelque chose est douteux ; les causes disent quoi. Supprimer dans le doute, c’est ainsi qu’on perd des sauvegardes.
    .fix = bridle repository check
BR-1418 = Ce qui a été restauré depuis { $place } n’est pas ce qui a été sauvegardé : { $path }.
    .why = Tout n’a pas pu être écrit, ou autre chose l’a modifié entre-temps.
    .fix = Vérifiez le disque et la place libre, et restaurez de nouveau.
BR-1419 = Il n’y a pas d’instantané { $snapshot } dans le dépôt { $place }.
    .why = Il a été supprimé, ou il est à un autre dépôt.
    .fix = Voyez ce qu’il y a avec : bridle backup list
BR-1420 = Le dépôt { $place } n’a pas pu être utilisé.
    .why = Les causes disent ce qui a échoué.
    .fix = bridle repository check
