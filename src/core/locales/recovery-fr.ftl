# Mots de la récupération.
BR-1470 = Il n’y a rien à récupérer dans { $place }.
    .why = Il n’y a pas de sauvegarde complète.
    .fix = Vérifiez l’adresse du dépôt, ou regardez dans un autre : ./X.run recover --from DÉPÔT --list
BR-1471 = Il n’y a pas de sauvegarde complète { $set } dans le dépôt.
    .why = Seules les sauvegardes complètes peuvent être récupérées.
    .fix = Pour les voir : ./X.run recover --from DÉPÔT --list
BR-1472 = La sauvegarde { $set } vient de { $release }, pas de { $given }.
    .why = Les données reviennent avec exactement la version dont elles viennent ; une mise à niveau est possible ensuite.
    .fix = Lancez le fichier de { $release }. Pour voir les autres sauvegardes : ./X.run recover --from DÉPÔT --list
BR-1473 = Les données de { $source } ne peuvent pas être récupérées ainsi.
    .why = Elles ont été sauvegardées par une commande, et seule une application en marche peut les reprendre ; ou il n’y a pas de telles données.
    .fix = Récupérez sans elles : --without { $source }. Sortez-les ensuite du dépôt avec restic.
BR-1474 = Ce qui doit être récupéré est illisible : { $path }
    .why = Le fichier est abîmé, ou écrit par une autre version.
    .fix = Désinstallez, puis récupérez de nouveau.

recover-code-ask = Code de récupération du dépôt
recover-sets = { $count ->
        [one] Une sauvegarde
       *[other] { $count } sauvegardes
    } dans { $place }, la plus récente en dernier :
recover-set = { $id }  { $made }  { $release }  { $size }
recover-alarm = Anomalie : { $alarm }
recover-chosen = Sauvegarde { $id } du { $made }, de { $site }.
recover-source = { $source } : dans l’état de la sauvegarde
recover-source-end = { $source } : jusqu’au { $time }, dernier moment présent dans le dépôt
recover-source-time = { $source } : jusqu’au { $time }
recover-source-gap = { $source } : son journal a un trou après le { $time } ; ce qui a été écrit plus tard ne revient pas
recover-without = { $source } : reste vide
recover-estimate = Environ { $size } reviennent ; à 100 Mo par seconde, cela prend { $duration }, plus l’installation.
recover-ask = Récupérer maintenant ?
recover-later = Ne reviennent pas : les réglages des autres dépôts. Ajoutez-les de nouveau : bridle repository add

help-installer-recover = Tout remettre en place sur ce serveur vierge, depuis un dépôt de sauvegardes
    .more =
        Le code de récupération est demandé, ou lu dans --recovery-code. Les données sont en place avant que les applications
        démarrent. Les bases qui remettent leur journal reviennent au dernier moment présent dans le dépôt, ou à --at. Après une
        interruption, la même commande reprend. Si le serveur perdu peut encore vivre, rien n’est repris sans --take-over.
    .examples =
        sudo ./campus-1.0.0-amd64.run recover --from /mnt/backup --list
        sudo ./campus-1.0.0-amd64.run recover --from /mnt/backup
        sudo ./campus-1.0.0-amd64.run recover --from s3:https://s3.example.org/backups --credentials key.txt --recovery-code code.txt
        sudo ./campus-1.0.0-amd64.run recover --from /mnt/backup --at 2026-11-24T09:30:00Z # avant l’erreur
    .from = Dossier du dépôt, ou s3:https://SERVEUR/COMPARTIMENT/PRÉFIXE
    .region = Région du stockage d’objets
    .path-style = Le compartiment est dans le chemin, pas dans le nom du serveur
    .ca = Certificats qui signent celui du stockage d’objets
    .credentials = Clé d’accès du stockage d’objets, comme ses outils l’écrivent
    .recovery-code = Code de récupération du dépôt
    .list = Montrer les sauvegardes du dépôt, ne rien modifier
    .set = Récupérer cette sauvegarde ; sans cela, la plus récente
    .at = Ramener les bases à ce moment ; 2026-11-24T09:30:00Z
    .without = Source de données qui reste vide ; peut être répété
    .take-over = Nom du site dont ce serveur reprend le dépôt, même si un autre peut encore y écrire
    .plan-only = Montrer le plan, ne rien modifier
    .explain = Dire pour chaque étape ses limites et ce qui se passe si elle échoue
    .yes = Ne pas demander ; exige une clé d’éditeur reconnue
