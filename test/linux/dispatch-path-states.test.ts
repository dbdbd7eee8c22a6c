import { PREPARATION } from '../adapter/fixture';
import { exerciseHopStates } from './hop-states';

describe('states of the hops of a dispatch path', function () {
  this.timeout(PREPARATION);
  exerciseHopStates(() => ({}));
});
