# Textes des sauvegardes : jeux, conservation, horaires, purge, bail, journaux des bases, code de récupération.

backup-alarm-incomplete = Il manque { $count ->
    [one] un instantané
   *[other] { $count } instantanés
} au jeu { $set } : ses données sont perdues.
backup-alarm-vanished = Le jeu { $set } a disparu du dépôt sans que personne ne l’ait supprimé.
backup-alarm-unproven = { $object } a été modifié, déplacé, ou écrit par quelqu’un qui n’a pas la clé.
backup-alarm-newer = { $object } a été écrit par une version plus récente de Bridle.
backup-alarm-unreadable = { $object } ne peut pas être lu.

retention-preview = { $staying } jeux restent, { $going } partent.
retention-stays = { $made } ({ $set }) reste :
retention-goes = { $made } ({ $set }) part : aucune règle ne le garde.
retention-newest = le jeu le plus récent
retention-newest-whole = le jeu le plus récent dont aucun fichier n’a changé pendant la lecture
retention-newest-proven = le jeu le plus récent qui a été relu
retention-newest-restored = le jeu le plus récent prouvé par un essai de restauration
retention-used = une restauration, une copie ou un essai s’en sert
retention-pinned = quelqu’un l’a épinglé
retention-ahead = sa date n’est pas encore venue : une horloge était fausse
retention-tagged = porte l’étiquette { $tag }
retention-last = l’un des plus récents
retention-hour = le plus récent de son heure
retention-day = le plus récent de son jour
retention-week = le plus récent de sa semaine
retention-month = le plus récent de son mois
retention-year = le plus récent de son année
retention-minimum = sinon il en resterait moins que les règles ne le veulent

schedule-hours = { $count ->
    [one] Toutes les heures
   *[other] Toutes les { $count } heures
} ({ $zone })
schedule-minutes = Toutes les { $count } minutes ({ $zone })
schedule-daily = Chaque jour à { $time } ({ $zone })
schedule-weekly = Chaque semaine ({ $days }) à { $time } ({ $zone })
schedule-monthly = Le { $day } de chaque mois à { $time } ({ $zone })
schedule-held-operation = Attend la fin de { $operation }.
schedule-held-critical = Attend la fin de la période critique { $name }.

prune-listing-doubtful = La liste des instantanés n’est pas arrivée à sa fin, ou l’on ne sait pas si ce stockage liste tout.
prune-listings-differ = Deux listes d’instantanés diffèrent de { $count }.
prune-snapshots-missing = { $count } instantanés dont des jeux ont besoin ne sont pas dans la liste.
prune-alarms = { $count } alertes sur des jeux sont ouvertes.
prune-too-many = { $going } jeux sur { $of } partiraient d’un coup.
prune-nothing-left = Il ne resterait aucun jeu.
prune-preview-stale = Les jeux ne sont pas ceux sur lesquels les règles ont été consultées.
prune-check-old = Le dépôt n’a pas été contrôlé depuis 24 heures.
prune-check-failed = Le dernier contrôle a trouvé { $count } erreurs.
prune-lease-lost = Cette installation ne tient pas le dépôt assez longtemps.
prune-operation = { $operation } n’est pas terminée.
prune-keep-too-short = Des données inutilisées seraient gardées moins de 7 jours, ou des paquets de moins d’un jour réécrits.

lease-other-installation = Le dépôt appartient à { $site } (vu pour la dernière fois : { $renewed }).
lease-other-life = Le serveur { $host } de cette installation était ici le { $renewed } et tourne peut-être encore.
lease-replaced = Le serveur { $host } a pris ce dépôt (numéro { $token }). Ce serveur-ci est le précédent.
lease-clock = Le dépôt a été renouvelé le { $renewed }, ce qui est dans le futur : une horloge est fausse.
lease-damaged = La marque du propriétaire du dépôt ne peut pas être lue.
lease-exhausted = La marque du propriétaire du dépôt ne peut plus augmenter.

range-nothing = Rien ne peut être restauré : aucun jeu n’a un journal complet.
range-before-oldest = Rien n’est aussi ancien. Le premier instant est { $oldest }.
range-in-gap = Le journal a un trou à cet endroit. Ce qui peut être restauré finit le { $before } et reprend le { $after }.
range-not-yet = Le journal du dépôt finit le { $latest }.
range-future = Cet instant n’est pas encore venu.
range-set-unknown = Aucun jeu de ce nom n’a un journal complet.
range-point-unknown = Aucun point de restauration de ce nom ne peut être atteint.
range-point-ambiguous = Plusieurs points de restauration portent ce nom.

wal-command-other = La base n’archive pas son journal avec la commande qui lui a été donnée.
wal-archive-ahead = L’archive contient plus de journal que la base n’en a écrit : c’est celui d’une autre base, ou la base est revenue en arrière.
wal-disk-fills = Le journal qui attend d’être archivé prend { $share } % de la place qui lui reste. Quand le disque est plein, la base s’arrête.
wal-behind = { $segments } segments du journal attendent d’être archivés, le plus ancien depuis { $minutes } minutes ; { $failed } essais ont échoué.

recovery-sheet-title = Code de récupération de { $site }
recovery-sheet-made = Établi le { $time }. Clé { $key }.
recovery-sheet-why = Qui a ce code et une copie des sauvegardes peut lire toutes les données. Sans lui, les sauvegardes ne servent à rien une fois les serveurs perdus.
recovery-sheet-group = Groupe { $number } :  { $group }
recovery-sheet-keep = Gardez cette feuille sur papier, en deux lieux, aucun à côté des serveurs. 0 est zéro et 1 est un : il n’y a ni O, ni I, ni L, ni U.
recovery-sheet-recover = Pour récupérer sur un nouveau serveur, lancez l’installeur de la version : ./VERSION.run recover --from { $place }
recovery-sheet-restic = Sans Bridle, restic ouvre les sauvegardes. Mettez les 13 groupes dans un fichier, en majuscules, avec des tirets entre eux et rien d’autre (ABCDE-FGHJK-…), puis tapez :
recovery-sheet-restic-command = restic -r { $place } --password-file FICHIER snapshots

BR-1440 = Le code de récupération est mal tapé. Voyez le groupe { $groups }.
    .why = Chaque groupe a son propre contrôle ; ceux-ci ne conviennent pas.
    .fix = Comparez ces groupes avec la feuille et retapez le code. 0 est zéro et 1 est un.
BR-1441 = Le code de récupération n’ouvre pas ce dépôt.
    .why = C’est le code d’un autre dépôt ou un ancien code, ou la clé enveloppée a été modifiée.
    .fix = Cherchez la feuille dont la date et la clé conviennent à ce dépôt. Une autre copie du dépôt a peut-être une clé enveloppée qui s’ouvre.
BR-1442 = La sauvegarde n’est pas complète dans le dépôt et ne compte donc pas : il manque { $missing } parties.
    .why = Un jeu est écrit en dernier, et seulement quand chaque instantané et chaque morceau de journal qu’il lui faut est dans le même dépôt.
    .fix = Relancez la sauvegarde. Si cela se répète, voyez ce que répond le dépôt avec : bridle repository check
BR-1443 = Quelque chose ne va pas avec des jeux du dépôt { $repository }.
    .why = Un jeu qui était là a disparu, a été modifié, ou il lui manque des données. Les autres jeux ne sont pas touchés.
    .fix = Ne supprimez rien. Voyez la liste avec : bridle repository check, et restaurez depuis un autre dépôt si vous avez besoin de ce jeu.
BR-1445 = On n’écrit pas dans le dépôt { $repository }.
    .why = Une autre installation, ou un autre serveur de celle-ci, le possède. Deux rédacteurs l’abîmeraient pour les deux.
    .fix = Servez-vous d’un autre dépôt. Si l’autre a disparu pour de bon, prenez le dépôt en tapant le nom demandé.
BR-1446 = Cet instant ne peut pas être restauré.
    .why = Seuls les instants dont le journal est complet et vérifié sont proposés.
    .fix = Choisissez un instant dans une des plages affichées.
BR-1447 = Le dépôt a un autre contenu pour { $file }.
    .why = Le même morceau de journal a été écrit deux fois avec des contenus différents : deux bases écrivent au même endroit, ou l’une est revenue en arrière sans nouvel endroit.
    .fix = Rien n’est écrasé. Arrêtez la base qui ne devrait pas être là, puis faites une nouvelle sauvegarde.
BR-1448 = Un enregistrement du dépôt n’est pas digne de foi : { $object }.
    .why = Sa preuve ne convient pas : il a été modifié, déplacé, ou écrit avec une autre clé ou par une version plus récente.
    .fix = Contrôlez le dépôt avec : bridle repository check
BR-1449 = L’horaire { $text } ne peut pas être lu.
    .why = Ce n’est pas un horaire que Bridle connaît.
    .fix = Écrivez-le comme l’un de ceux-ci : every day at 02:30, every 4 hours, every 30 minutes, weekdays at 01:00, sundays at 03:00, on day 1 of every month at 04:00
BR-1450 = Les règles de conservation ne peuvent pas être suivies.
    .why = Elles ne garderaient rien, ou un nombre est trop grand. Rien n’est supprimé tant qu’elles ne sont pas corrigées.
    .fix = Gardez au moins un jeu, et pas plus de 10000 par règle.
recovery-groups-found = { $found } groupes ont été tapés ; le code en a { $wanted }.
recovery-together = Chaque groupe pourrait être juste, mais ensemble ils ne font pas un code : des groupes de deux feuilles sont peut-être mélangés.

vault-hold-lease = Devenir le seul rédacteur de { $repository }
vault-release-lease = Rendre { $repository }
vault-save = Sauvegarder { $source }
vault-mark-logs = Poser un point de restauration dans { $sources }
vault-logs-archived = Attendre que le journal de { $sources } soit dans le dépôt
vault-audit = Relire { $percent } % de ce qui a été sauvegardé
vault-commit = Écrire le jeu { $set }
vault-copy = Copier le jeu vers { $repository }
vault-forget-sets = Retirer { $count } jeux de la liste
vault-forget-snapshots = Retirer { $count } instantanés
vault-prune-data = Libérer la place dont plus rien ne se sert
vault-prune-logs = Retirer les journaux dont aucun jeu n’a besoin
vault-check-all = Contrôler { $repository }
vault-scratch = Créer l’espace de noms { $namespace } pour l’essai
vault-sealed = Vérifier que rien n’est joignable depuis { $namespace }
vault-scratch-gone = Supprimer l’espace de noms { $namespace }
vault-safety-copy = Garder une copie de { $sources } dans son état actuel
vault-stop = Arrêter ce qui se sert de { $sources }
vault-start = Démarrer ce qui se sert de { $sources }
vault-load = Restaurer { $source }
vault-compare = Comparer { $sources } avec ce qui avait été compté à la sauvegarde
vault-record-verification = Noter le résultat à côté du jeu { $set }

operation-title-backup = Sauvegarde de { $release }
wait-repository = la fin d’un autre travail sur { $repository }
missing-backup = { $what } n’est pas encore fait
